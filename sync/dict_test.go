package boxsync

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/fxamacker/cbor/v2"

	"preau/store"
)

// givenNames are the names of a list, longer than a syllable that any text has.
func givenNames(list []byte) (names []string) {
	for line := range strings.Lines(strings.ToLower(string(list))) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, name := range strings.Fields(line) {
			if len([]rune(name)) > 4 {
				names = append(names, name)
			}
		}
	}
	return names
}

// TestTrain makes a dictionary from the two stores of a demonstration, when
// PREAU_TRAIN names its folder and PREAU_DICT the file to make (`make dictionary`).
// Rows alone and in batches are the samples that zstd --train learns from. Texts
// that name a person of the demonstration are left out, so that nothing of
// anybody is in the dictionary, not even of invented people.
func TestTrain(t *testing.T) {
	demo, out := os.Getenv("PREAU_TRAIN"), os.Getenv("PREAU_DICT")
	if demo == "" || out == "" {
		t.Skip("makes a dictionary only when PREAU_TRAIN and PREAU_DICT say from what and where")
	}
	id, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(out), ".zdict"), 10, 32)
	if err == nil {
		err = train(demo, out, id)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoDictionaryNamesAnybody looks for the names that the program knows: those
// of its demonstration and of its lists of given names.
func TestNoDictionaryNamesAnybody(t *testing.T) {
	raw, err := os.ReadFile("../modules/people/roll/given.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for id, dict := range dicts {
		words := map[string]bool{}
		for _, w := range strings.FieldsFunc(strings.ToLower(string(dict)), func(r rune) bool { return !unicode.IsLetter(r) }) {
			words[w] = true
		}
		for _, name := range givenNames(raw) {
			if n++; words[name] {
				t.Errorf("dictionary %d holds the name %q", id, name)
			}
		}
	}
	if n == 0 {
		t.Error("no name was looked for")
	}
}

// size of a dictionary: each encoder and decoder holds it.
const size = 32 << 10

func train(demo, out string, id uint64) error {
	names, sites, err := people(demo)
	if err != nil {
		return err
	}
	var rows []store.Row
	for _, side := range []string{"box", "office"} {
		more, err := feeds(filepath.Join(demo, side), sites)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	kept := rows[:0]
	for _, r := range rows {
		if body, err := blank(r.Body, names); err == nil {
			r.Body = body
			kept = append(kept, r)
		}
	}
	dir, err := os.MkdirTemp("", "preau-train-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	n := 0
	sample := func(b []byte) error {
		n++
		return os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d", n)), b, 0o600)
	}
	for _, step := range []int{1, 3, 20} {
		for at := 0; at < len(kept); at += step {
			raw, err := packRows(kept[at:min(at+step, len(kept))])
			if err == nil {
				err = sample(raw)
			}
			if err != nil {
				return err
			}
		}
	}
	corpus, err := os.ReadFile("dict/corpus.txt") // the official style, which a demonstration has too little of
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(corpus)), "\n")
	for i, line := range lines {
		for _, text := range []string{line, line + "\n\n" + lines[(i*7+3)%len(lines)], lines[(i*5+1)%len(lines)] + "\n" + line} {
			if err := sample([]byte(text)); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%d rows, %d samples\n", len(kept), n)
	cmd := exec.Command("zstd", "--train", "-q", "-r", dir, "-o", out, "--maxdict", fmt.Sprint(size), "--dictID", fmt.Sprint(id))
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// people are the words of the names in demo.json, and its schools.
func people(demo string) (names, sites []string, err error) {
	raw, err := os.ReadFile(filepath.Join(demo, "demo.json"))
	if err != nil {
		return nil, nil, err
	}
	var d struct {
		Schools []struct{ Code string }
		Logins  []struct{ Name, Login string }
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, nil, err
	}
	for _, l := range d.Logins {
		names = append(names, strings.Fields(strings.ToLower(l.Name+" "+l.Login))...)
	}
	given, err := os.ReadFile("../modules/people/roll/given.txt")
	if err != nil {
		return nil, nil, err
	}
	names = append(names, givenNames(given)...)
	for _, s := range d.Schools {
		sites = append(sites, s.Code)
	}
	return names, sites, nil
}

func feeds(dir string, sites []string) (rows []store.Row, err error) {
	db, err := store.Open(dir, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, site := range append([]string{""}, sites...) {
		for lane := store.Control; lane <= store.Records; lane++ {
			f := store.Feed{Origin: db.Origin(), Lane: lane, Site: site}
			b, err := db.Changes(f, store.Cursor{Origin: f.Origin}, 64<<20)
			if err != nil {
				return nil, err
			}
			rows = append(rows, b.Rows...)
		}
	}
	return rows, nil
}

// blank replaces texts that hold a person's name, and all bytes: keys,
// signatures and hashes are alike nowhere.
func blank(body []byte, names []string) ([]byte, error) {
	if len(body) == 0 {
		return body, nil
	}
	var v any
	if err := cbor.Unmarshal(body, &v); err != nil {
		return nil, err
	}
	enc, err := cbor.CanonicalEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return enc.Marshal(walk(v, names))
}

func walk(v any, names []string) any {
	switch v := v.(type) {
	case string:
		low := strings.ToLower(v)
		for _, n := range names {
			if len(n) > 2 && strings.Contains(low, n) {
				return ""
			}
		}
		return v
	case []byte:
		return []byte{}
	case cbor.Tag:
		v.Content = walk(v.Content, names)
		return v
	case []any:
		for i := range v {
			v[i] = walk(v[i], names)
		}
	case map[any]any:
		for k := range v {
			v[k] = walk(v[k], names)
		}
	}
	return v
}
