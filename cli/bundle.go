package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"preau/appliance"
)

func (a *app) bundle() *cobra.Command {
	export := &cobra.Command{
		Use: "export", Short: "Write what the other side is not known to have", Args: args(0),
		Long: "Writes what the other side is not known to have: at a box for its office, at the office for one school\n" +
			"(--school) or for all. Only the other side can read it. --to names a file, or a folder such as a mounted stick.",
	}
	to := export.Flags().String("to", "", "file or folder to write")
	export.Flags().String("school", "", "at the office: for this school only")
	export.Flags().String("size", "", "at most so many bytes a file (700M, 2G); more are written when needed")
	_ = export.MarkFlagRequired("to")
	export.RunE = func(c *cobra.Command, _ []string) error { return a.exportBundles(c, *to, flagsOf(c, "school", "size")) }
	read := &cobra.Command{
		Use: "import FILE", Short: "Read a bundle, and lay the answer beside it", Args: args(1),
		Long: "Reads a bundle from the other side. It is checked to its last byte before anything is taken over; what is\n" +
			"refused changes nothing. The answer, which tells the sender what arrived, is laid beside FILE.",
	}
	silent := read.Flags().Bool("no-answer", false, "write no answer")
	read.RunE = func(c *cobra.Command, given []string) error { return a.importBundle(c, given[0], *silent) }
	return a.group("bundle", "Exchange with the other side by USB stick", export, read)
}

func (a *app) exportBundles(c *cobra.Command, to string, flags map[string]string) error {
	_, one := flags["school"]
	fi, err := os.Stat(to)
	folder := err == nil && fi.IsDir() || strings.HasSuffix(to, string(filepath.Separator))
	wrote, err := a.writeBundles(c, func(f appliance.BundleFile) string {
		switch {
		case folder || f.School != "" && !one: // for all schools: many files
			return filepath.Join(to, f.File)
		case f.Part > 1:
			ext := filepath.Ext(to)
			return fmt.Sprintf("%s-%dof%d%s", strings.TrimSuffix(to, ext), f.Part, f.Parts, ext)
		}
		return to
	}, flags)
	if err != nil || a.exit != appliance.Done {
		return err
	}
	if a.json {
		return json.NewEncoder(a.stdout).Encode(map[string]any{"bundles": wrote})
	}
	for _, f := range wrote {
		fmt.Fprintln(a.stdout, f.File)
	}
	return nil
}

// writeBundles has the site write bundles, each whole and durable under its
// name or not there at all, and then notes that they were written.
func (a *app) writeBundles(c *cobra.Command, place func(appliance.BundleFile) string, flags map[string]string) (wrote []appliance.BundleFile, err error) {
	var made []*bundleFile
	defer func() {
		for _, f := range made {
			f.discard()
		}
	}()
	r, w := io.Pipe()
	var notes [][]byte
	read := make(chan error, 1)
	go func() {
		var err error
		notes, err = appliance.ReadBundles(r, func(f appliance.BundleFile) (io.WriteCloser, error) {
			fmt.Fprintf(a.stderr, "%s: %d records, %d files, about %s\n", f.File, f.Records, f.Files, appliance.FormatSize(language(), f.Bytes))
			b, err := newBundleFile(place(f), f, a.stderr)
			if err == nil {
				made = append(made, b)
			}
			return b, err
		})
		r.CloseWithError(err)
		read <- err
	}()
	err = a.do(c, "bundle export", appliance.Call{Flags: flags, Stdin: bytes.NewReader(nil), Stdout: w})
	w.Close()
	failed := <-read
	if err != nil || a.exit != appliance.Done {
		return nil, err
	}
	if failed != nil {
		a.exit = appliance.Failed
		return nil, failed
	}
	for _, f := range made {
		if err := f.keep(); err != nil {
			a.exit = appliance.Failed
			return nil, err
		}
		wrote = append(wrote, f.about)
	}
	made = nil
	var lines bytes.Buffer
	for _, n := range notes {
		fmt.Fprintln(&lines, hex.EncodeToString(n))
	}
	if lines.Len() == 0 {
		return wrote, nil
	}
	return wrote, a.do(c, "bundle written", appliance.Call{Stdin: &lines, Stdout: io.Discard})
}

// bundleFile is a bundle on its way to the stick.
type bundleFile struct {
	f     *os.File
	path  string
	about appliance.BundleFile
	say   *progress
}

func newBundleFile(path string, about appliance.BundleFile, stderr io.Writer) (*bundleFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".preau-*")
	if err != nil {
		return nil, err
	}
	return &bundleFile{f, path, about, &progress{to: stderr, name: about.File, of: about.Bytes, last: time.Now()}}, nil
}

func (b *bundleFile) Write(p []byte) (int, error) {
	n, err := b.f.Write(p)
	b.about.Size += int64(n)
	b.say.add(n)
	return n, err
}

func (b *bundleFile) Close() error {
	return errors.Join(b.f.Sync(), b.f.Close())
}

func (b *bundleFile) keep() error {
	if err := os.Rename(b.f.Name(), b.path); err != nil {
		return err
	}
	b.about.File = b.path
	d, err := os.Open(filepath.Dir(b.path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (b *bundleFile) discard() {
	b.f.Close()
	os.Remove(b.f.Name())
}

// progress says every few seconds how far a long write or read has come.
type progress struct {
	to       io.Writer
	name     string
	of, done int64
	last     time.Time
}

func (p *progress) add(n int) {
	p.done += int64(n)
	if time.Since(p.last) > 3*time.Second && p.of > 0 {
		p.last = time.Now()
		fmt.Fprintf(p.to, "%s: %d %%\n", p.name, min(100, p.done*100/p.of))
	}
}

func (p *progress) Write(b []byte) (int, error) { p.add(len(b)); return len(b), nil }

func (a *app) importBundle(c *cobra.Command, path string, silent bool) error {
	f, err := os.Open(path)
	if err != nil {
		return refusedInput{err}
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.IsDir() {
		return refusedInput{fmt.Errorf("%s is no file", path)}
	}
	from := appliance.BundleFrom(f)
	said := &bytes.Buffer{}
	err = a.do(c, "bundle import", appliance.Call{
		Args: []string{path}, Flags: map[string]string{"size": strconv.FormatInt(fi.Size(), 10)}, Stdout: said,
		Stdin: io.TeeReader(f, &progress{to: a.stderr, name: filepath.Base(path), of: fi.Size(), last: time.Now()}),
	})
	if err != nil || a.exit != appliance.Done {
		_, _ = said.WriteTo(a.stdout)
		return err
	}
	answer := ""
	if !silent {
		answer = a.answer(c, filepath.Dir(path), from)
	}
	if !a.json {
		if answer != "" {
			fmt.Fprintln(said, answer)
		}
		_, err = said.WriteTo(a.stdout)
		return err
	}
	var o map[string]any
	if err := json.Unmarshal(said.Bytes(), &o); err != nil {
		return err
	}
	o["answer"] = answer
	return json.NewEncoder(a.stdout).Encode(o)
}

// answer lays the answer beside the bundle and returns its name. A stick that
// cannot be written on is no failure: what was read is read.
func (a *app) answer(c *cobra.Command, dir, from string) string {
	quiet := *a
	quiet.stderr = io.Discard
	flags := map[string]string{"answer": "true"}
	if from != "" {
		flags["school"] = from
	}
	wrote, err := quiet.writeBundles(c, func(f appliance.BundleFile) string { return filepath.Join(dir, f.File) }, flags)
	if err == nil && quiet.exit == appliance.Done && len(wrote) == 1 {
		return wrote[0].File
	}
	if err == nil {
		err = context.Canceled
	}
	fmt.Fprintln(a.stderr, "preau: no answer could be written:", err)
	return ""
}
