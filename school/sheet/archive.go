package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// readArchive tells XLSX and ODS apart by what they contain, after counting
// what they would unpack to.
func readArchive(data []byte) (*Book, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, refuse("broken")
	}
	if r := checkArchive(z); r != nil {
		return nil, r
	}
	for _, f := range z.File {
		switch f.Name {
		case "xl/workbook.xml", "xl/workbook.bin":
			if strings.HasSuffix(f.Name, ".bin") {
				return nil, refuse("old_excel")
			}
			return readXLSX(data)
		case "content.xml":
			return readODS(z)
		}
		if strings.HasPrefix(f.Name, "word/") {
			return nil, refuse("word")
		}
	}
	return nil, refuse("not_a_list")
}

// checkArchive counts before anything is unpacked: entries, sizes, ratio,
// paths that leave the archive, links. The sizes an archive claims are
// checked by really unpacking into nothing, a part at a time.
func checkArchive(z *zip.Reader) error {
	if len(z.File) > MaxParts {
		return refuse("bomb")
	}
	total := int64(0)
	seen := make(map[string]bool, len(z.File))
	for _, f := range z.File {
		name := strings.ReplaceAll(f.Name, `\`, "/")
		if name == "" || path.IsAbs(name) || strings.Contains(name, ":") || !fs.ValidPath(strings.TrimSuffix(name, "/")) ||
			f.Mode()&fs.ModeSymlink != 0 || seen[strings.ToLower(name)] {
			return refuse("bomb")
		}
		seen[strings.ToLower(name)] = true
		if f.UncompressedSize64 > MaxUnpacked || f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/max(1, f.CompressedSize64) > MaxRatio {
			return refuse("bomb")
		}
		if f.Flags&1 != 0 {
			return refuse("locked")
		}
		n, err := measure(f, MaxUnpacked-total)
		if err != nil {
			return refuse("broken")
		}
		if total += n; total > MaxUnpacked {
			return refuse("bomb")
		}
	}
	return nil
}

// measure unpacks a part into nothing, at most one byte more than allowed.
func measure(f *zip.File, allowed int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	return io.Copy(io.Discard, io.LimitReader(r, allowed+1))
}
