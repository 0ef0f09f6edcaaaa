package web

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
	"golang.org/x/text/unicode/norm"

	"preau/school"
	"preau/store"
)

// Upload is a file that a person sent. It is durable already.
type Upload struct {
	Name   string // made safe
	Type   string // media type, told from its bytes
	Size   int64
	Blob   store.Blob
	Ticket string // by which a form that comes back keeps it
}

// uploadRecord holds a file for the session that sent it until a record names it.
type uploadRecord struct {
	Ticket  []byte     `cbor:"1,keyasint,omitempty"`
	Session []byte     `cbor:"2,keyasint,omitempty"` // hash
	Field   string     `cbor:"3,keyasint,omitempty"`
	Blob    store.Blob `cbor:"4,keyasint,omitempty"`
	At      time.Time  `cbor:"5,keyasint,omitempty"`
}

var uploads = store.Define(store.Spec[uploadRecord]{
	Name: "web.uploads", Home: store.Scratch, Format: 1,
	Indexes: []store.Index[uploadRecord]{
		{Name: "ticket", Unique: true, Keys: func(u *uploadRecord) [][]byte { return [][]byte{store.Key(u.Ticket)} }},
		{Name: "at", Keys: func(u *uploadRecord) [][]byte { return [][]byte{store.Key(u.At)} }},
	},
	Blobs: func(u *uploadRecord) []store.Blob { return []store.Blob{u.Blob} },
})

// keep writes one file of a form into the blob store.
func (c *Ctx) keep(part *multipart.Part, field string) (Upload, error) {
	head := make([]byte, 3072)
	n, err := io.ReadFull(part, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Upload{}, err
	}
	head = head[:n]
	max := c.maxBody()
	hash, size, err := c.DB().PutBlob(io.MultiReader(bytes.NewReader(head), part), max)
	if errors.Is(err, store.ErrTooLarge) {
		return Upload{}, tooLarge(field, max)
	}
	if err != nil {
		return Upload{}, err
	}
	u := Upload{Name: SafeName(part.FileName()), Type: sniff(head), Size: size}
	u.Blob = store.Blob{Hash: hash, Size: size, Name: u.Name, Type: u.Type}
	ticket := make([]byte, 16)
	rand.Read(ticket)
	err = c.DB().Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		_, err := uploads.Add(tx, uploadRecord{Ticket: ticket, Session: c.sess.Hash, Field: field, Blob: u.Blob, At: now})
		return err
	})
	u.Ticket = base64.RawURLEncoding.EncodeToString(ticket)
	return u, err
}

// keptFiles adds the files of an earlier attempt whose boxes are still ticked.
// Only the session that sent a file can name it.
func (c *Ctx) keptFiles(f *Form) error {
	for name, tickets := range f.values {
		field, ok := strings.CutSuffix(name, ".kept")
		if !ok {
			continue
		}
		for _, text := range tickets[:min(len(tickets), filesMost)] {
			ticket, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil {
				continue
			}
			err = c.DB().View(func(tx *store.Tx) error {
				rec, err := uploads.One(tx, "ticket", ticket)
				if err != nil || !bytes.Equal(rec.Value.Session, c.sess.Hash) || rec.Value.Field != field {
					return err
				}
				b := rec.Value.Blob
				f.files[field] = append(f.files[field], Upload{Name: b.Name, Type: b.Type, Size: b.Size, Blob: b, Ticket: text})
				return nil
			})
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// sniff tells a media type from the first bytes, without parameters.
func sniff(head []byte) string {
	t, _, err := mime.ParseMediaType(mimetype.Detect(head).String())
	if err != nil {
		return "application/octet-stream"
	}
	return t
}

// SafeName makes a file's name safe to store, show and send back: no folders, no
// control or direction marks, no leading dot, at most 100 characters with the
// extension kept.
func SafeName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, ""))
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return -1
		case strings.ContainsRune(`<>:"/|?*;%`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	if name == "" {
		return "fichier"
	}
	ext := path.Ext(name)
	if utf8.RuneCountInString(ext) > 12 {
		ext = ""
	}
	if stem := []rune(strings.TrimSuffix(name, ext)); len(stem) > 88 {
		name = strings.TrimRight(string(stem[:88]), " .") + ext
	}
	return name
}

// SendBlob sends a stored file: as an attachment, without power, in ranges. While
// its bytes are still on their way a page says so.
func (c *Ctx) SendBlob(b store.Blob) error {
	f, err := c.DB().OpenBlob(b.Hash)
	if errors.Is(err, store.ErrNotFound) {
		return school.Refuse("web.refused.on_its_way", "", "name", b.Name)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.echo.Response().Header()
	h.Set("Content-Type", harmless(b.Type))
	h.Set("Content-Disposition", disposition(b.Name))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", c.cacheRule())
	h.Set("ETag", `"`+b.Hash.String()[:32]+`"`)
	c.patient()
	http.ServeContent(&patientWriter{ResponseWriter: c.echo.Response(), c: c}, c.Request(), "", time.Time{}, f)
	return nil
}

func (c *Ctx) cacheRule() string {
	if c.actor.SignedIn() && c.sess.Own {
		return "private, no-cache"
	}
	return "no-store"
}

// harmless keeps a media type that no browser runs; the rest goes as plain bytes.
func harmless(t string) string {
	switch {
	case t == "application/pdf", t == "text/plain", t == "text/csv",
		strings.HasPrefix(t, "image/") && !strings.Contains(t, "svg"),
		strings.HasPrefix(t, "application/vnd."):
		return t
	}
	return "application/octet-stream"
}

// disposition names the file in plain letters for old browsers and in full for
// the others.
func disposition(name string) string {
	name = SafeName(name)
	plain := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, norm.NFKD.String(strings.Map(dropMarks, norm.NFD.String(name))))
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + percent(name)
}

func dropMarks(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}

func percent(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
