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
			faults = append(faults, fault(name, 0, "packs.fault.too_large", "value", maxFile))
			continue
		}
		if err == nil {
			files[name], err = fs.ReadFile(dir, name)
		}
		if err != nil {
			faults = append(faults, fault(name, 0, "packs.fault.unreadable", "value", err))
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
		return nil, Faults{fault("pack", 0, "packs.fault.too_large", "value", MaxCarried)}
	}
	return out.Bytes(), nil
}

// Unpack takes a carried pack apart and believes nothing of it: neither the
// signature, see Verify, nor that the pack is in order, see Files.Pack. The error
// is Faults. Nothing is unpacked beyond a pack's limits.
func Unpack(data []byte) (Files, seal.Signed, error) {
	var s seal.Signed
	refuse := func(name, key string, kv ...any) (Files, seal.Signed, error) {
		return nil, seal.Signed{}, Faults{fault(name, 0, key, kv...)}
	}
	if len(data) > MaxCarried {
		return refuse("pack", "packs.fault.too_large", "value", MaxCarried)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return refuse("pack", "packs.fault.no_pack")
	}
	files := Files{}
	for _, f := range r.File {
		_, twice := files[f.Name]
		switch {
		case f.Name != signature && !slices.Contains(names, f.Name):
			return refuse(f.Name, "packs.fault.no_such")
		case twice || f.Name == signature && len(s.Header) > 0:
			return refuse(f.Name, "packs.fault.twice")
		case f.UncompressedSize64 > maxFile:
			return refuse(f.Name, "packs.fault.unpacks", "value", maxFile)
		}
		content, err := unpackOne(f)
		switch {
		case errors.Is(err, store.ErrTooLarge):
			return refuse(f.Name, "packs.fault.unpacks", "value", maxFile)
		case err != nil:
			return refuse(f.Name, "packs.fault.damaged")
		case f.Name == signature:
			if err := seal.DecodeCBOR(content, &s); err != nil {
				return refuse(f.Name, "packs.fault.malformed")
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
	refuse := func(name, key string) (seal.Header, error) {
		return seal.Header{}, Faults{fault(name, 0, key)}
	}
	if len(s.Header) == 0 {
		return refuse(signature, "packs.fault.not_signed")
	}
	check := func() (seal.Header, error) { return seal.VerifyRecord(list, s, record) }
	if record.IsZero() {
		check = func() (seal.Header, error) { return seal.Verify(list, s) }
	}
	h, err := check()
	var no seal.Fault
	switch {
	case errors.As(err, &no):
		return refuse(signature, inWords[no])
	case err != nil:
		return refuse(signature, "packs.fault.malformed")
	case h.Kind != seal.Pack || h.Body != seal.HashOf([]byte(strings.Join(names, "\n"))) || len(h.Annexes) != len(names):
		return refuse(signature, "packs.fault.other_thing")
	}
	for i, name := range names {
		if seal.HashOf(files[name]) != h.Annexes[i] {
			return refuse(name, "packs.fault.other_file")
		}
	}
	return h, nil
}

// inWords are seal's faults as this package's, words keys.
var inWords = map[seal.Fault]string{
	seal.Malformed:    "packs.fault.malformed",
	seal.UnknownKey:   "packs.fault.unknown_key",
	seal.RevokedKey:   "packs.fault.revoked_key",
	seal.RetiredKey:   "packs.fault.retired_key",
	seal.BadSignature: "packs.fault.bad_signature",
}
