package appliance

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	boxsync "preau/sync"
	"preau/web"
)

// plugged is the stick that is plugged into this machine, when the configuration
// names where.
type plugged struct {
	Dir   string
	Here  bool
	Free  int64
	Files []pluggedFile
}

type pluggedFile struct {
	Name string
	Size int64
}

func (x *server) plugged(c *web.Ctx) (p plugged) {
	p.Dir = x.Config.Stick.Path
	if p.Here = mounted(p.Dir); !p.Here {
		return p
	}
	p.Free = diskAt(p.Dir).Free
	list, err := os.ReadDir(p.Dir)
	if err != nil {
		return p
	}
	site := ""
	if x.Kind == web.Box {
		site = c.Site().Code
	}
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), ".preau") || !e.Type().IsRegular() {
			continue
		}
		f, err := os.Open(filepath.Join(p.Dir, e.Name()))
		if err != nil {
			continue
		}
		l := boxsync.ReadLabel(f)
		fi, err := f.Stat()
		f.Close()
		if err == nil && l.Parts > 0 && l.To == site && l.From != site {
			p.Files = append(p.Files, pluggedFile{e.Name(), fi.Size()})
		}
	}
	return p
}

// writeParts writes each part whole and durable, or not at all.
func writeParts(ctx context.Context, dir string, p *boxsync.Plan, told func(int64)) error {
	before := int64(0)
	for part := 1; part <= p.Parts; part++ {
		err := writeWhole(filepath.Join(dir, p.Label(part).Name()), func(w io.Writer) error {
			return p.Write(ctx, w, part, func(n int64) { told(before + n) })
		})
		if err != nil {
			return err
		}
		before += p.Size(part)
	}
	return nil
}

// writeWhole writes a file that appears under its name only when it is durable.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".preau-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
