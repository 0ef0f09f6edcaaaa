package main

import (
	"bytes"
	"os"
	"testing"
)

// TestListIsFresh fails when a module was added or taken away without make generate.
func TestListIsFresh(t *testing.T) {
	names, err := modules("../..")
	if err != nil {
		t.Fatal(err)
	}
	want, err := write(names)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../all.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("modules/all/all.go is stale: run make generate")
	}
}
