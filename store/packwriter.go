package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"

	"filippo.io/age"
	"golang.org/x/sys/unix"
)

// packWriter is a pack under its passing name.
type packWriter struct {
	pack
	f   *os.File
	out *bufio.Writer
	sum hash.Hash
	enc io.WriteCloser
}

func newPack(folder string, to age.Recipient) (*packWriter, error) {
	f, err := os.CreateTemp(folder, newFile)
	if err != nil {
		return nil, noRoom("backup", err)
	}
	sum := sha256.New()
	w := &packWriter{f: f, sum: sum, out: bufio.NewWriterSize(io.MultiWriter(f, sum), 256<<10)}
	if w.enc, err = age.Encrypt(w.out, to); err == nil {
		_, err = io.WriteString(w.enc, packMagic)
	}
	if err != nil {
		return nil, errors.Join(noRoom("backup", err), f.Close(), os.Remove(f.Name()))
	}
	return w, nil
}

func (w *packWriter) add(t tag, data []byte) error {
	_, err := w.enc.Write(binary.AppendUvarint(nil, uint64(len(data))))
	if err == nil {
		_, err = w.enc.Write(data)
	}
	if err != nil {
		return noRoom("backup", err)
	}
	w.tags, w.held = append(w.tags, t), w.held+int64(len(data))
	return nil
}

// finish syncs and closes the file, and names it.
func (w *packWriter) finish() error {
	if err := errors.Join(w.enc.Close(), w.out.Flush(), w.f.Sync()); err != nil {
		return err
	}
	fi, err := w.f.Stat()
	if err != nil {
		return err
	}
	w.name, w.size = hex.EncodeToString(w.sum.Sum(nil)), fi.Size()
	return w.f.Close()
}

// hashFile reads a file again, from the disk itself as far as the system lets it.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
