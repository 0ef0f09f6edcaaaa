package appliance

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// Courier is the site's side of the exchange by stick.
func (r *Running) Courier() (*boxsync.Courier, error) {
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return nil, err
	}
	c := &boxsync.Courier{DB: r.DB, Key: key}
	if r.Kind == web.Box {
		err = r.DB.View(func(tx *store.Tx) error {
			s, err := school.Site(tx)
			c.Site = s.Code
			return err
		})
	}
	return c, err
}

// BundleRefusal makes the exchange's reason a refusal in words; other errors
// stay as they are.
func BundleRefusal(err error) error {
	var no *boxsync.BundleError
	if !errors.As(err, &no) {
		return err
	}
	refused := school.Refuse("appliance.bundle.refused."+no.Reason, "file")
	for k, v := range no.Args {
		if v == "" {
			v = "—"
		}
		if refused.Args == nil {
			refused.Args = map[string]any{}
		}
		refused.Args[k] = v
	}
	if no.Reason == boxsync.ForOther && no.Args["school"] == "" {
		refused.Key = "appliance.bundle.refused.for_office"
	}
	return refused
}

// BundleFile is one file of an export, as the command tells of it.
type BundleFile struct {
	File    string `json:"file"`
	School  string `json:"school"` // "": the office
	Part    int    `json:"part"`
	Parts   int    `json:"parts"`
	Records int    `json:"records"`
	Files   int    `json:"files"`
	Bytes   int64  `json:"bytes"` // about; before compression
	Size    int64  `json:"size"`  // of the file, once it is written
	Note    []byte `json:"note,omitempty"`
}

// exportCommand writes the bundles of a school or of all schools (at a box: for
// the office) to standard output: before each a line of JSON, then pieces
// behind their lengths, a length of 0 at the end. ReadBundles takes them apart.
// Flags: school; size, in bytes; answer, to say only what arrived.
func exportBundles(ctx context.Context, r *Running, call Call) (int, error) {
	c, err := r.Courier()
	if err != nil {
		return Failed, err
	}
	to := []string{call.Flags["school"]}
	_, one := call.Flags["school"]
	switch {
	case r.Kind == web.Box && one && to[0] != "":
		return Usage, errors.New("a box writes to its office only: leave --school out")
	case r.Kind == web.Office && !one:
		if to, err = c.Schools(); err != nil {
			return Failed, err
		}
		if len(to) == 0 {
			return Refused, school.Refuse("appliance.bundle.refused.no_school", "")
		}
	}
	most, err := ParseSize(call.Flags["size"])
	if err != nil {
		return Usage, err
	}
	out := &bundleStream{bufio.NewWriterSize(call.Stdout, 256<<10)}
	for _, site := range to {
		var p *boxsync.Plan
		if call.Flags["answer"] == "true" {
			p, err = c.Answer(site)
		} else {
			p, err = c.Plan(site, most)
		}
		if err != nil {
			return Done, BundleRefusal(err)
		}
		if err := out.plan(ctx, p); err != nil {
			return Failed, err
		}
	}
	return Done, out.w.Flush()
}

// bundleStream carries files, one after the other.
type bundleStream struct{ w *bufio.Writer }

func (s *bundleStream) plan(ctx context.Context, p *boxsync.Plan) error {
	for part := 1; part <= p.Parts; part++ {
		f := BundleFile{
			File: p.Label(part).Name(), School: p.To, Part: part, Parts: p.Parts, Records: p.Records, Files: p.Files, Bytes: p.Size(part),
		}
		if err := s.line(f); err != nil {
			return err
		}
		if err := p.Write(ctx, s, part, nil); err != nil {
			return err
		}
		if _, err := s.w.Write(make([]byte, 4)); err != nil {
			return err
		}
	}
	note, err := p.Note()
	if err != nil || p.Answer {
		return err
	}
	return s.line(BundleFile{Note: note})
}

func (s *bundleStream) line(f BundleFile) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(raw, '\n'))
	return err
}

// Write writes a piece.
func (s *bundleStream) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if _, err := s.w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))); err != nil {
		return 0, err
	}
	return s.w.Write(b)
}

// ReadBundles takes apart what "bundle export" writes: each file goes to where
// create says. It returns the notes, one a school, for "bundle written" once
// every file is durable.
func ReadBundles(r io.Reader, create func(BundleFile) (io.WriteCloser, error)) (notes [][]byte, err error) {
	in := bufio.NewReaderSize(r, 256<<10)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return notes, nil
		}
		if err != nil {
			return nil, err
		}
		var f BundleFile
		if err := json.Unmarshal(line, &f); err != nil {
			return nil, fmt.Errorf("bundle export: %w", err)
		}
		if f.Note != nil {
			notes = append(notes, f.Note)
			continue
		}
		if err := oneBundle(in, f, create); err != nil {
			return nil, err
		}
	}
}

func oneBundle(in *bufio.Reader, f BundleFile, create func(BundleFile) (io.WriteCloser, error)) error {
	w, err := create(f)
	if err != nil {
		return err
	}
	for {
		var head [4]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return errors.Join(err, w.Close())
		}
		n := int64(binary.BigEndian.Uint32(head[:]))
		if n == 0 {
			return w.Close()
		}
		if _, err := io.CopyN(w, in, n); err != nil {
			return errors.Join(err, w.Close())
		}
	}
}

// bundlesWritten notes that the files of an export lie safely on their stick.
// Standard input: the notes, in hexadecimal digits, one a line.
func bundlesWritten(_ context.Context, r *Running, call Call) (int, error) {
	c, err := r.Courier()
	if err != nil {
		return Failed, err
	}
	lines := bufio.NewScanner(call.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		note, err := hex.DecodeString(lines.Text())
		if err == nil {
			err = c.KeepNote(note)
		}
		if err != nil {
			return Failed, err
		}
	}
	return Done, lines.Err()
}

// importBundle reads a bundle from standard input. It is laid into DIR/partial
// first, and read to its end before anything of it is applied. Flag size: its
// length, so that a disk without room is told before.
func importBundle(ctx context.Context, r *Running, call Call) (int, error) {
	c, err := r.Courier()
	if err != nil {
		return Failed, err
	}
	if n, err := strconv.ParseInt(call.Flags["size"], 10, 64); err == nil {
		if d := diskAt(r.Dir); d.Total > 0 && d.Free < 2*n+spareDisk {
			return Done, school.Refuse("appliance.bundle.refused.no_room", "file",
				"need", web.FormatSize(call.Lang, 2*n+spareDisk), "free", web.FormatSize(call.Lang, d.Free))
		}
	}
	f, err := os.CreateTemp(filepath.Join(r.Dir, "partial"), "bundle-*")
	if err != nil {
		return Failed, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	size, err := io.Copy(f, call.Stdin)
	if err != nil {
		return Failed, fmt.Errorf("bundle import: %w", err)
	}
	b, err := c.Open(f, size)
	if err != nil {
		return Done, BundleRefusal(err)
	}
	o, err := b.Apply(ctx, nil)
	if err != nil {
		return Failed, err
	}
	if call.JSON {
		return Done, json.NewEncoder(call.Stdout).Encode(o)
	}
	_, err = fmt.Fprintln(call.Stdout, r.Outcome(call.Lang, o))
	return Done, err
}

// spareDisk is what a bundle leaves free on the disk, in bytes.
const spareDisk = 16 << 20

// BundleFrom is the school that wrote a bundle, as its label says; "" the
// office, or no bundle.
func BundleFrom(f io.ReaderAt) string { return boxsync.ReadLabel(f).From }

// FormatSize is a number of bytes for people.
func FormatSize(lang string, n int64) string { return web.FormatSize(lang, n) }

// Outcome is what a bundle did, in a sentence or two.
func (r *Running) Outcome(lang string, o boxsync.Outcome) string {
	parts := []string{r.Words.T(lang, "appliance.bundle.done.from_office")}
	if o.From != "" {
		parts[0] = r.Words.T(lang, "appliance.bundle.done.from", "from", o.From)
	}
	if o.Reborn {
		parts = append(parts, r.Words.T(lang, "appliance.bundle.done.reborn"))
	}
	if o.Records == 0 && o.Files == 0 && o.Confirmed == 0 {
		parts = append(parts, r.Words.T(lang, "appliance.bundle.done.nothing"))
	}
	for _, x := range []struct {
		key string
		n   int
	}{{"records", o.Records}, {"files", o.Files}, {"confirmed", o.Confirmed}, {"waiting", o.Waiting}} {
		if x.n > 0 {
			parts = append(parts, r.Words.T(lang, "appliance.bundle.done."+x.key, "count", x.n))
		}
	}
	return strings.Join(parts, " ")
}

// ParseSize reads a size as people write it: 700M, 2G, 64K, bytes without a
// letter; "" is 0.
func ParseSize(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	digits, unit := s, int64(1)
	if i := strings.IndexByte("KMG", s[len(s)-1]&^0x20); i >= 0 {
		digits, unit = s[:len(s)-1], 1<<(10*(i+1))
	}
	n, err := strconv.ParseInt(digits, 10, 40)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("the size is %q; say 700M or 2G", s)
	}
	return n * unit, nil
}
