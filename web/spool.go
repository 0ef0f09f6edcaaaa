package web

import (
	"errors"
	"io"
	"mime/multipart"
	"os"
	"path/filepath"
	"syscall"

	"preau/school"
)

// Spooled is a file that a person sent and that is not to be kept: it lies in
// DIR/partial until Close, and is swept from there after a power cut.
type Spooled struct {
	*os.File
	Name string // made safe
	Size int64
}

// Close lets the file go.
func (s *Spooled) Close() error { return errors.Join(s.File.Close(), os.Remove(s.File.Name())) }

// Spool is Form and Checked for a form whose one file is read once and not
// kept, however large: it goes to disk as it comes, within the route's MaxBody.
// The file is nil when none was chosen. The caller closes it.
func (c *Ctx) Spool() (*Form, *Spooled, error) {
	c.spooling = true
	f, err := c.Checked()
	s := c.spooled
	if err != nil && s != nil {
		err, s = errors.Join(err, s.Close()), nil
	}
	return f, s, err
}

// spool writes a file of a form to where it lasts for this request only.
func (c *Ctx) spool(part *multipart.Part, field string) (Upload, error) {
	if c.spooled != nil {
		return Upload{}, school.Refuse("web.refused.files", field, "count", 1)
	}
	f, err := os.CreateTemp(filepath.Join(c.DB().Dir(), "partial"), "upload-*")
	if err != nil {
		return Upload{}, err
	}
	s := &Spooled{File: f, Name: SafeName(part.FileName())}
	max := c.maxBody()
	if s.Size, err = io.Copy(f, io.LimitReader(part, max+1)); err == nil && s.Size > max {
		err = tooLarge(field, max)
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = school.Refuse("web.refused.full", field)
	}
	if err != nil {
		return Upload{}, errors.Join(err, s.Close())
	}
	c.spooled = s
	return Upload{Name: s.Name, Size: s.Size}, nil
}
