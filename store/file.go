package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// newFile is what a file is called until it is whole.
const newFile = ".new-*"

func unfinished(name string) bool { return strings.HasPrefix(name, ".new-") }

// WriteFile gives a small file its content, in a folder that exists: a temporary
// file beside it, sync, rename, sync of the folder. Once it returns nil the
// content survives a power cut; before that the old one does. Mode 0600: these
// are keys.
func WriteFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, newFile) // mode 0600
	if err != nil {
		return noRoom("write", err)
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, bytes.NewReader(content))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return noRoom("write", err)
	}
	return syncDir(dir)
}

func writeSynced(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return noRoom("write", err)
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return noRoom("write", err)
	}
	return nil
}

// writeStream writes a file that need not survive a power cut.
func writeStream(path string, write func(w io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return noRoom("write", err)
	}
	w := bufio.NewWriter(f)
	if err = errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		return noRoom("write", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: sync folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("store: sync folder: %w", err)
	}
	return nil
}
