package store_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"preau/store"
	"preau/store/storetest"
)

var update = flag.Bool("update", false, "write what the fixtures hold anew, and the fixture of today's format when there is none")

// TestEveryReleasedFormatOpens opens a file as each format of the disk wrote it:
// it checks, holds what it held, can be written to, and its records are read in a
// later format of their own. The files are never written again: a change that
// cannot read them needs a migration, and a new format a new file.
func TestEveryReleasedFormatOpens(t *testing.T) {
	if _, err := os.Stat("testdata/format-1.db.gz"); err != nil && *update {
		makeFixture(t, "testdata/format-1.db.gz")
	}
	list, err := filepath.Glob("testdata/format-*.db.gz")
	if err != nil || len(list) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, path := range list {
		t.Run(filepath.Base(path), func(t *testing.T) {
			dir := unpackFixture(t, path)
			if r, err := store.Check(dir); err != nil || !r.OK || r.Records < 40 {
				t.Fatalf("check: %+v, %v", r, err)
			}
			is, err := holds(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			text := path[:len(path)-len(".db.gz")] + ".txt"
			if *update {
				if err := os.WriteFile(text, []byte(is), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if was, err := os.ReadFile(text); err != nil || string(was) != is {
				t.Errorf("it held\n%s\nand is read as\n%s\n%v", was, is, err)
			}
			add(t, storetest.OpenAt(t, dir, storetest.NewClock(), all...), locals, note{Title: "written today"})
			migrates(t, unpackFixture(t, path))
		})
	}
}

// migrates reads the fixture's records in a second format of theirs, in which the
// rank became a text, and changes one.
func migrates(t *testing.T, dir string) {
	t.Helper()
	newer := store.Define(store.Spec[second]{
		Name: "t.local", Home: store.Local, Format: 2,
		Indexes: []store.Index[second]{{Name: "level", Keys: func(s *second) [][]byte { return [][]byte{store.Key(s.Level)} }}},
		Migrate: map[uint16]func(map[uint64]cbor.RawMessage) error{1: func(body map[uint64]cbor.RawMessage) error {
			rank := 0
			if raw := body[2]; raw != nil {
				if err := cbor.Unmarshal(raw, &rank); err != nil {
					return err
				}
			}
			delete(body, 2)
			level, err := cbor.Marshal([]string{"low", "high"}[min(rank/20, 1)])
			body[4] = level
			return err
		}},
	})
	db := storetest.OpenAt(t, dir, storetest.NewClock(), newer, ups, downs, scratch)
	if err := db.Update(func(tx *store.Tx) error {
		high, err := newer.Count(tx, "level", "high")
		if err != nil || high == 0 {
			t.Errorf("%d odd levels, %v", high, err)
		}
		r, err := newer.One(tx, "level", "low")
		if err != nil {
			return err
		}
		r.Value.Level = "high"
		if err := newer.Set(tx, r.ID, r.Value); err != nil {
			return err
		}
		if more, err := newer.Count(tx, "level", "high"); err != nil || more != high+1 {
			t.Errorf("%d high levels after a change, %v", more, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func unpackFixture(t *testing.T, path string) (dir string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, store.FileName), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// makeFixture has the actor exchange, and keeps its file.
func makeFixture(t *testing.T, path string) {
	t.Helper()
	root := t.TempDir()
	c := exec.CommandContext(t.Context(), quickTest(t))
	c.Env = append(os.Environ(), "PREAU_TEST_ACTOR="+root, "PREAU_TEST_ACT=exchange")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(root, "data", store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
