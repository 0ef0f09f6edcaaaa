package packs

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"preau/school/seal"
	"preau/store"
)

// Files are a pack's files by name, as they lie in its folder or travel in one.
type Files map[string][]byte

// names are the files of a pack, in the order in which they are signed.
var names = []string{
	"pack.yaml", "levels.yaml", "series.yaml", "subjects.yaml", "catalogue.yaml", "org.yaml",
	"calendar.yaml", "headers.yaml", "formula.yaml", "council.yaml", "examples.yaml",
}

// signature is the name under which a carried pack has its signature.
const signature = "signature"

// Limits of a pack, in bytes.
const (
	maxFile    = 1 << 20   // one file
	MaxCarried = 256 << 10 // packed into one: it travels as one record
)

// FilesIn reads the files of a pack's folder. What is missing is said when the
// pack is read; the error is Faults: files too large to be read.
func FilesIn(dir fs.FS) (Files, error) {
	files := Files{}
	var faults Faults
	for _, name := range names {
		info, err := fs.Stat(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && info.Size() > maxFile {
			err = fmt.Errorf("%d bytes, at most %d", info.Size(), maxFile)
		}
		if err == nil {
			files[name], err = fs.ReadFile(dir, name)
		}
		if err != nil {
			faults = append(faults, Fault{File: name, What: err.Error()})
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return files, nil
}

// Carry packs the files and their signature into one file, an ordinary zip. The
// same files and signature give the same bytes. A zero signature is left out.
func (files Files) Carry(s seal.Signed) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, content []byte) error {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(content)
		}
		return err
	}
	for _, name := range names {
		if content, here := files[name]; here {
			if err := add(name, content); err != nil {
				return nil, fmt.Errorf("carry a pack: %w", err)
			}
		}
	}
	if len(s.Header) > 0 {
		b, err := seal.CanonicalCBOR(s)
		if err != nil {
			return nil, fmt.Errorf("carry a pack: %w", err)
		}
		if err := add(signature, b); err != nil {
			return nil, fmt.Errorf("carry a pack: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("carry a pack: %w", err)
	}
	if out.Len() > MaxCarried {
		return nil, Faults{{File: "pack", What: fmt.Sprintf("%d bytes in one file, at most %d", out.Len(), MaxCarried)}}
	}
	return out.Bytes(), nil
}

// Unpack takes a carried pack apart and believes nothing of it: neither the
// signature, see Verify, nor that the pack is in order, see Files.Pack. The error
// is Faults. Nothing is unpacked beyond a pack's limits.
func Unpack(data []byte) (Files, seal.Signed, error) {
	var s seal.Signed
	refuse := func(name, key, format string, args ...any) (Files, seal.Signed, error) {
		f := Fault{File: name, What: fmt.Sprintf(format, args...), Key: "packs.fault." + key}
		if len(args) > 0 {
			f.Value = fmt.Sprint(args[len(args)-1])
		}
		return nil, seal.Signed{}, Faults{f}
	}
	if len(data) > MaxCarried {
		return refuse("pack", "too_large", "%d bytes, at most %d", len(data), MaxCarried)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refuse("pack", "no_pack", "this is no pack in one file, or its end is missing")
	}
	files := Files{}
	for _, f := range r.File {
		_, twice := files[f.Name]
		switch {
		case f.Name != signature && !slices.Contains(names, f.Name):
			return refuse(f.Name, "no_such", "a pack has no such file")
		case twice || f.Name == signature && len(s.Header) > 0:
			return refuse(f.Name, "twice", "the file stands twice")
		case f.UncompressedSize64 > maxFile:
			return refuse(f.Name, "unpacks", "unpacks to %d bytes, at most %d", f.UncompressedSize64, maxFile)
		}
		content, err := unpackOne(f)
		switch {
		case errors.Is(err, store.ErrTooLarge):
			return refuse(f.Name, "unpacks", "unpacks to more than %d bytes", maxFile)
		case err != nil:
			return refuse(f.Name, "damaged", "is damaged and cannot be unpacked")
		case f.Name == signature:
			if err := seal.DecodeCBOR(content, &s); err != nil {
				return refuse(f.Name, "malformed", "is no signature")
			}
		default:
			files[f.Name] = content
		}
	}
	return files, s, nil
}

// unpackOne reads an entry whatever size it says it has.
func unpackOne(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = store.ErrTooLarge
	}
	return b, err
}

// Header is what the office signs of a pack: its code and version as the
// reference, its files as annexes. Date, issuer and signatory are the caller's.
func (files Files) Header(p *Pack) seal.Header {
	h := seal.Header{Kind: seal.Pack, Reference: p.Reference(), Subject: p.About.Name, Body: seal.HashOf([]byte(strings.Join(names, "\n")))}
	for _, name := range names {
		h.Annexes = append(h.Annexes, seal.HashOf(files[name]))
	}
	return h
}

// Reference names a version of a pack: "togo 2026.1".
func (p *Pack) Reference() string { return p.About.Code + " " + p.About.Version }

// Verify tells whether these files are what the office signed as a pack, in a
// record of the office, or in none that is known here (zero). The error is Faults
// that name the file.
func (files Files) Verify(list seal.KeyList, s seal.Signed, record store.ID) (seal.Header, error) {
	refuse := func(name, key, what string) (seal.Header, error) {
		return seal.Header{}, Faults{{File: name, What: what, Key: "packs.fault." + key}}
	}
	if len(s.Header) == 0 {
		return refuse(signature, "not_signed", "is missing: preau pack build signs a pack with the office's key")
	}
	check := func() (seal.Header, error) { return seal.VerifyRecord(list, s, record) }
	if record.IsZero() {
		check = func() (seal.Header, error) { return seal.Verify(list, s) }
	}
	h, err := check()
	var fault seal.Fault
	switch {
	case errors.As(err, &fault):
		return refuse(signature, string(fault), inWords[fault])
	case err != nil:
		return refuse(signature, "malformed", err.Error())
	case h.Kind != seal.Pack || h.Body != seal.HashOf([]byte(strings.Join(names, "\n"))) || len(h.Annexes) != len(names):
		return refuse(signature, "other_thing", "is good, and on something else than a pack")
	}
	for i, name := range names {
		if seal.HashOf(files[name]) != h.Annexes[i] {
			return refuse(name, "other_file", "is not the file that the office signed")
		}
	}
	return h, nil
}

// inWords are seal's faults as this package's.
var inWords = map[seal.Fault]string{
	seal.Malformed:    "is no signature",
	seal.UnknownKey:   "is by no key of this office",
	seal.RevokedKey:   "is by a key that was stolen or lost",
	seal.RetiredKey:   "is by a key that signs no more",
	seal.BadSignature: "is forged, or was altered after signing",
}
