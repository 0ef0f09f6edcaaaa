package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"preau/school"
)

// Bounds of a form.
const (
	defaultBody = 1 << 20 // bytes of a form without files
	textMost    = 1 << 20 // bytes of all words of a form with files
	wordsMost   = 4 << 20 // bytes of a form without files, whatever its route allows
	fieldsMost  = 20_000
	filesMost   = 20
)

// Form is what a person sent. Texts are valid UTF-8 with single line feeds, and
// without marks that turn letters about.
type Form struct {
	values url.Values
	files  map[string][]Upload
	ctx    *Ctx
}

// Get is the first value of a field, trimmed of spaces around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.values.Get(name)) }

// Raw is the first value exactly as typed: passwords.
func (f *Form) Raw(name string) string { return f.values.Get(name) }

// All are the values of a field that may come several times.
func (f *Form) All(name string) []string { return f.values[name] }

// Has tells whether a field was sent at all: boxes that are ticked.
func (f *Form) Has(name string) bool { _, ok := f.values[name]; return ok }

// Files are the files of a field: those chosen now and those kept from an
// attempt that was refused.
func (f *Form) Files(name string) []Upload { return f.files[name] }

// File is the first of Files; ok is false when there is none.
func (f *Form) File(name string) (u Upload, ok bool) {
	if l := f.files[name]; len(l) > 0 {
		return l[0], true
	}
	return Upload{}, false
}

// Form reads what was sent. The Form is never nil: with a refusal it holds what
// could be read, so that the handler shows its form again. Files go into the
// blob store before anything else is written; put their fields last in the page,
// then the words before them are kept even when a file is too large.
func (c *Ctx) Form() (*Form, error) {
	if c.form != nil {
		return c.form, nil
	}
	c.form = &Form{values: url.Values{}, files: map[string][]Upload{}, ctx: c}
	err := c.readForm(c.form)
	if err == nil {
		err = c.keptFiles(c.form)
	}
	var max *http.MaxBytesError
	if errors.As(err, &max) {
		err = tooLarge("", c.maxBody())
	}
	return c.form, refusedByStore(err)
}

func (c *Ctx) maxBody() int64 {
	if c.route.maxBody > 0 {
		return c.route.maxBody
	}
	return defaultBody
}

func (c *Ctx) readForm(f *Form) error {
	r := c.Request()
	c.patient()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	over := r.ContentLength > c.maxBody()
	switch kind {
	case "application/x-www-form-urlencoded":
		most := min(c.maxBody(), wordsMost)
		if r.ContentLength > most {
			return tooLarge("", most)
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
		if err != nil {
			return formFault(err)
		}
		if int64(len(body)) > most {
			return tooLarge("", most)
		}
		if strings.Count(string(body), "&") > fieldsMost {
			return school.Refuse("web.refused.form", "")
		}
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return school.Refuse("web.refused.form", "")
		}
		for k, list := range values {
			for _, v := range list {
				f.add(k, v)
			}
		}
		return nil
	case "multipart/form-data":
		return c.readParts(f, multipart.NewReader(r.Body, params["boundary"]), over)
	default:
		return school.Refuse("web.refused.form", "")
	}
}

// readParts reads a form with files. A body announced as too long is read up to
// its first file only.
func (c *Ctx) readParts(f *Form, parts *multipart.Reader, over bool) error {
	text, fields, files := 0, 0, 0
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return formFault(err)
		}
		if fields++; fields > fieldsMost {
			return school.Refuse("web.refused.form", "")
		}
		name := part.FormName()
		if !isFile(part) {
			b, err := io.ReadAll(io.LimitReader(part, int64(textMost-text)+1))
			if err != nil {
				return formFault(err)
			}
			if text += len(b); text > textMost {
				return tooLarge(name, textMost)
			}
			f.add(name, string(b))
			continue
		}
		if over {
			return tooLarge(name, c.maxBody())
		}
		if part.FileName() == "" {
			continue
		}
		// A stranger's page must not be able to fill the disk.
		if _, _, ok := c.readToken(f.values.Get("_token")); !ok {
			return school.Refuse("web.refused.token", "")
		}
		if files++; files > filesMost {
			return school.Refuse("web.refused.files", name, "count", filesMost)
		}
		take := c.keep
		if c.spooling {
			take = c.spool
		}
		u, err := take(part, name)
		if err != nil {
			return formFault(err)
		}
		f.files[name] = append(f.files[name], u)
	}
}

// isFile tells a file from words. Only the header can say so: an empty file
// field has a file name too, an empty one.
func isFile(p *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return p.FileName() != ""
	}
	_, ok := params["filename"]
	return ok
}

// formFault passes on what the store and the limits say; the rest is a body
// that is no form or broke off.
func formFault(err error) error {
	var max *http.MaxBytesError
	if errors.As(err, &max) || school.RefusalsIn(err) != nil || isStore(err) {
		return err
	}
	return school.Refuse("web.refused.form", "")
}

// dropTurning takes out what nobody types on purpose: the end of a C string, and
// the marks that turn the letters around them about, by which a text can read
// otherwise than it is.
func dropTurning(r rune) rune {
	if r == 0 || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
		return -1
	}
	return r
}

func (f *Form) add(name, value string) {
	if !utf8.ValidString(value) {
		value = strings.ToValidUTF8(value, "\uFFFD")
	}
	value = strings.ReplaceAll(value, "\r\n", "\n")
	value = strings.Map(dropTurning, value)
	f.values[name] = append(f.values[name], value)
}
