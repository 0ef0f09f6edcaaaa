package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"

	"github.com/klauspost/compress/gzip"

	"preau/assets"
)

// staticFile is a file whose name holds the hash of its bytes: it never changes,
// so browsers keep it for ever. It is compressed once.
type staticFile struct {
	mediaType     string
	plain, zipped []byte
}

func (s *Server) loadStatic() {
	s.static = map[string]*staticFile{}
	s.cssPath = s.addStatic("preau", ".css", "text/css; charset=utf-8", assets.Style())
	s.icons = map[int]string{}
	for _, size := range assets.IconSizes {
		s.icons[size] = s.addStatic("icon-"+strconv.Itoa(size), ".png", "image/png", assets.Icon(size))
	}
	s.scripts = map[string]string{}
	for name, data := range assets.Scripts() {
		s.scripts[name] = s.addStatic(name, ".js", "text/javascript; charset=utf-8", data)
	}
}

func (s *Server) addStatic(name, ext, mediaType string, data []byte) string {
	sum := sha256.Sum256(data)
	path := "/assets/" + name + "." + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // into memory: cannot fail
	}
	s.static[path] = &staticFile{mediaType: mediaType, plain: data, zipped: z.Bytes()}
	return path
}

func (f *staticFile) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	h.Set("Content-Type", f.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if acceptsGzip(r) && len(f.zipped) < len(f.plain) {
		h.Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}
