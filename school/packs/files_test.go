package packs_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
)

// carried is the pack of Togo as an office signs it.
func carried(t *testing.T, keys *seal.Keys, change func(packs.Files)) []byte {
	t.Helper()
	files, err := packs.Embedded("togo")
	if err != nil {
		t.Fatal(err)
	}
	p, err := files.Pack()
	if err != nil {
		t.Fatal(err)
	}
	h := files.Header(p)
	h.Date, h.Issuer, h.Signatory = "2026-11-24", "Ministère", "Ministère"
	signed, err := keys.Sign(h)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(files) // after it was signed
	}
	data, err := files.Carry(signed)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// judge is what a box does with a carried pack.
func judge(keys *seal.Keys, data []byte) error {
	list, _ := keys.List()
	files, s, err := packs.Unpack(data)
	if err != nil {
		return err
	}
	if _, err := files.Verify(list, s, store.ID{}); err != nil {
		return err
	}
	_, err = files.Pack()
	return err
}

func officeKeys(t *testing.T) *seal.Keys {
	t.Helper()
	keys, err := seal.OpenKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// rezip writes a carried pack again with its entries changed.
func rezip(t *testing.T, data []byte, change func(name string, content []byte) ([]byte, bool), more map[string][]byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	put := func(name string, content []byte) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(rc); err != nil {
			t.Fatal(err)
		}
		if content, keep := change(f.Name, b.Bytes()); keep {
			put(f.Name, content)
		}
	}
	for name, content := range more {
		put(name, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func same(_ string, content []byte) ([]byte, bool) { return content, true }

func TestACarriedPack(t *testing.T) {
	keys := officeKeys(t)
	data := carried(t, keys, nil)
	if err := judge(keys, data); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, carried(t, keys, nil)) {
		t.Error("the same pack gives other bytes")
	}
	// A file that says another size than it unpacks to: found by unpacking it.
	liar := bytes.Clone(rezip(t, data, same, map[string][]byte{}))
	liar = lie(t, liar, "formula.yaml")

	bomb := bytes.Repeat([]byte{'#'}, 3<<20)
	for name, c := range map[string]struct {
		data       []byte
		file, what string
	}{
		"another office's": {carried(t, officeKeys(t), nil), "signature", "forged, or the pack was altered"},
		"altered": {carried(t, keys, func(f packs.Files) {
			f["catalogue.yaml"] = bytes.Replace(f["catalogue.yaml"], []byte("5"), []byte("6"), 1)
		}), "catalogue.yaml", "not the file that the office signed"},
		"a file less":  {rezip(t, data, func(n string, b []byte) ([]byte, bool) { return b, n != "council.yaml" }, nil), "council.yaml", "not the file that the office signed"},
		"a file more":  {rezip(t, data, same, map[string][]byte{"../evil.sh": []byte("x")}), "../evil.sh", "has no such file"},
		"a file twice": {rezip(t, data, same, map[string][]byte{"pack.yaml": []byte("code: x")}), "pack.yaml", "twice"},
		"not signed":   {rezip(t, data, func(n string, b []byte) ([]byte, bool) { return b, n != "signature" }, nil), "signature", "is missing"},
		"no signature": {rezip(t, data, func(n string, b []byte) ([]byte, bool) { return append([]byte{0xff}, b...), true }, nil), "signature", "no signature"},
		"truncated":    {data[:len(data)/2], "pack", "its end is missing"},
		"empty":        {nil, "pack", "its end is missing"},
		"a zip bomb":   {rezip(t, data, func(n string, b []byte) ([]byte, bool) { return bomb, n == "org.yaml" }, nil), "org.yaml", "more than 1048576"},
		"a liar":       {liar, "formula.yaml", ""},
		"too large":    {make([]byte, packs.MaxCarried+1), "pack", "larger than 262144"},
	} {
		var faults packs.Faults
		if err := judge(keys, c.data); !errors.As(err, &faults) || len(faults) == 0 || faults[0].File != c.file || !strings.Contains(faults[0].English(), c.what) {
			t.Errorf("%s: %v, want %s: …%s", name, err, c.file, c.what)
		}
	}

	// A good signature on something else than a pack.
	other, err := keys.Sign(seal.Header{Kind: seal.Circular, Reference: "n° 1", Date: "2026-11-24"})
	if err != nil {
		t.Fatal(err)
	}
	files, _, err := packs.Unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	list, _ := keys.List()
	if _, err := files.Verify(list, other, store.ID{}); err == nil || !strings.Contains(err.Error(), "something else than a pack") {
		t.Errorf("a circular's signature: %v", err)
	}
	// A key that was stolen vouches for nothing.
	if err := keys.Revoke(1, store.ID{}); err != nil {
		t.Fatal(err)
	}
	if err := judge(keys, data); err == nil || !strings.Contains(err.Error(), "stolen or lost") {
		t.Errorf("signed by a stolen key: %v", err)
	}
}

// lie writes into the directory of a zip that a file unpacks to one byte.
func lie(t *testing.T, data []byte, name string) []byte {
	t.Helper()
	at := bytes.LastIndex(data, []byte(name)) - 46 // its entry in the directory
	if at < 0 || !bytes.HasPrefix(data[at:], []byte("PK\x01\x02")) {
		t.Fatal("no entry of " + name)
	}
	binary.LittleEndian.PutUint32(data[at+24:], 1)
	return data
}

// TestFormulasThatCannotBe: a circle, weights of nothing, and what else a formula
// may not be stand with their file and line.
func TestFormulasThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct{ file, was, is, want string }{
		"a circle":           {"formula.yaml", "- {of: devoir, weight: 2}", "- {of: devoir, weight: 2}\n        - {of: moyenne, weight: 1}", "itself"},
		"a weight of zero":   {"formula.yaml", "{of: devoir, weight: 2}", "{of: devoir, weight: 0}", "weight"},
		"a negative weight":  {"formula.yaml", "{of: devoir, weight: 2}", "{of: devoir, weight: -2}", "weight"},
		"years of no weight": {"formula.yaml", "weights: [1, 1]", "weights: [0, 0]", "weight"},
		"no coefficient":     {"catalogue.yaml", "coefficient: 2", "coefficient: 0", "above 0"},
	} {
		files, err := packs.Embedded("togo")
		if err != nil {
			t.Fatal(err)
		}
		before := files[c.file]
		if files[c.file] = bytes.Replace(before, []byte(c.was), []byte(c.is), 1); bytes.Equal(files[c.file], before) {
			t.Fatalf("%s: %q does not stand in %s", name, c.was, c.file)
		}
		var faults packs.Faults
		if _, err := files.Pack(); !errors.As(err, &faults) || faults[0].File != c.file || faults[0].Line == 0 || !strings.Contains(faults.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
