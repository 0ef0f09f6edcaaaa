package appliance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"preau/store"
	"preau/web"
)

type rescuePage struct {
	words   *web.Words
	Aside   string // file name inside DIR
	Copy    string // the newest verified copy, inside DIR; "" when there is none
	CopyAt  time.Time
	Command string
}

// T is a sentence of the rescue page.
func (p rescuePage) T(lang, key string) string { return p.words.T(lang, "appliance.rescue."+key) }

func (p rescuePage) copyDay(lang string) string { return web.FormatDateTime(lang, p.CopyAt) }

// rescue sets a damaged database aside and serves one plain page that says so,
// until ctx ends. Nothing empty is put in its place: what happens next is for a
// person to decide. Its error is the damage.
func rescue(ctx context.Context, cfg Config, damage *store.DamagedError, o RunOptions) error {
	at := time.Now()
	if o.Clock != nil {
		at = now(o.Clock)
	}
	if err := moveAside(damage, cfg.Data, at); err != nil {
		return errors.Join(damage, err)
	}
	o.Log.Error("the database is damaged and was set aside", "aside", damage.Aside, "cause", damage.Err)
	page, err := rescueText(cfg.Data, damage)
	if err != nil {
		return errors.Join(damage, err)
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return errors.Join(damage, fmt.Errorf("appliance: listen for pages: %w", err))
	}
	srv := web.NewHTTPServer(rescueHandler(page), o.Log)
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if o.Ready != nil {
		o.Ready(Addresses{Pages: l.Addr().String()})
	}
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(damage, err)
	}
	return damage
}

func rescueText(dir string, damage *store.DamagedError) ([]byte, error) {
	words, err := web.LoadWords(wordFiles(nil)...)
	if err != nil {
		return nil, err
	}
	inside := func(path string) string {
		if rel, err := filepath.Rel(dir, path); err == nil {
			return rel
		}
		return path
	}
	p := rescuePage{words: words, Aside: inside(damage.Aside)}
	if p.Copy, p.CopyAt, err = store.NewestCopy(dir); err != nil {
		return nil, err
	}
	p.Command = "preau restore --data NEW-FOLDER --from BACKUP"
	if p.Copy != "" {
		p.Command = "preau restore --data " + dir + " --copy"
	}
	var b bytes.Buffer
	err = rescueView(p).Render(context.Background(), &b)
	return b.Bytes(), err
}

func rescueHandler(page []byte) http.Handler {
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, kind string, body []byte) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write(body)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		say(w, "text/plain; charset=utf-8", []byte("damaged\n"))
	})
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		say(w, "application/json", []byte(`{"error":{"key":"appliance.rescue.title","field":"","message":"The database is damaged and was set aside."}}`+"\n"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { say(w, "text/html; charset=utf-8", page) })
	return mux
}
