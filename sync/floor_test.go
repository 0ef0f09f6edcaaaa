package boxsync_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// floors are F, the bytes of the files that nobody can save and the day's rows and
// circulars as JSON under zstd -19 with a dictionary from a demonstration, and the
// same with a dictionary of 110 KB from six other days of the day's own generator,
// which knows these rows as no dictionary of real use could. The first is the one
// that the program carries: a demonstration has too few rows for a larger one.
func (b *bench) floors() (f, own int64) {
	if _, err := exec.LookPath("zstd"); err != nil {
		b.Skip("no zstd here to compute the floor with")
	}
	_, changed := b.d.rows(true)
	all := slices.Concat(changed...)
	for _, c := range b.d.circulars {
		line, err := json.Marshal(map[string]string{"body": c})
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, line...)
	}
	rows, packed := filepath.Join(b.dir, "rows"), filepath.Join(b.dir, "rows.zst")
	if err := os.WriteFile(rows, all, 0o644); err != nil {
		b.Fatal(err)
	}
	size := func(dict string) int64 {
		if err := b.run("zstd", "-q", "-f", "-19", "-D", dict, rows, "-o", packed); err != nil {
			b.Fatal(err)
		}
		fi, err := os.Stat(packed)
		if err != nil {
			b.Fatal(err)
		}
		return 400_000 + fi.Size()
	}
	demo, err := filepath.Abs("dict/1.zdict")
	if err != nil {
		b.Fatal(err)
	}
	return size(demo), size(b.ownDays())
}

// ownDays is a dictionary of other days.
func (b *bench) ownDays() (dict string) {
	samples, dict := filepath.Join(b.dir, "samples"), filepath.Join(b.dir, "days.dict")
	if err := os.MkdirAll(samples, 0o755); err != nil {
		b.Fatal(err)
	}
	for seed := range uint64(6) {
		d := newDay(1000 + seed)
		_, changed := d.rows(true)
		for _, c := range d.circulars {
			changed = append(changed, []byte(c))
		}
		for i, row := range changed {
			if err := os.WriteFile(filepath.Join(samples, fmt.Sprintf("%d-%d", seed, i)), row, 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := b.run("zstd", "--train", "-q", "-r", samples, "-o", dict, "--maxdict", "112640"); err != nil {
		b.Fatal(err)
	}
	return dict
}
