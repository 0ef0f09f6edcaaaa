package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"filippo.io/age"
)

var packFolder = regexp.MustCompile(`^preau-[a-z0-9-]{1,80}-files$`)

// place is where in which file a chunk belongs.
type place struct {
	file int32
	at   int64
}

// gatherer puts files together from the chunks of packs, in the order in which
// the chunks lie there, with one file open at a time.
type gatherer struct {
	dir   string
	files []listed // without their chunks
	wants map[[16]byte][]place
	open  *os.File
	is    int32
}

// gather fills tmp/blobs from the packs that a manifest names, and checks every
// pack and every file by its hash.
func gather(tmp string, m manifest, beside string, told func(done, of int64), ids []age.Identity) error {
	names := slices.Sorted(maps.Keys(m.Packs))
	if beside == "" || !packFolder.MatchString(m.Folder) {
		return fmt.Errorf("%w: its files lie in packs beside it: restore it from the disk where they are", ErrBackup)
	}
	folder, done, of := filepath.Join(beside, m.Folder), int64(0), int64(0)
	for _, name := range names { // what can be known at once, before hours of reading
		if !blobName.MatchString(name) {
			return fmt.Errorf("%w: a pack that no backup has", ErrBackup)
		}
		path := filepath.Join(folder, name+packEnd)
		fi, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return fmt.Errorf("%w: the pack %s is missing", ErrBackup, path)
		case err != nil:
			return fmt.Errorf("%w: the pack %s: %w", ErrBackup, path, err)
		case fi.Size() != m.Packs[name]:
			return fmt.Errorf("%w: the pack %s has %d bytes of %d", ErrBackup, path, fi.Size(), m.Packs[name])
		}
	}
	g := &gatherer{dir: filepath.Join(tmp, "blobs"), wants: map[[16]byte][]place{}}
	defer func() { _ = g.close() }()
	if err := g.readList(filepath.Join(tmp, listName)); err != nil {
		return err
	}
	for _, size := range m.Packs {
		of += size
	}
	for _, name := range names {
		told(done, of)
		done += m.Packs[name]
		if err := g.readPack(filepath.Join(folder, name+packEnd), name, ids); err != nil {
			return err
		}
	}
	if len(g.wants) > 0 {
		return fmt.Errorf("%w: %d pieces of its files are in none of its packs", ErrBackup, len(g.wants))
	}
	return g.check()
}

// readList takes the list away: it is no part of the restored folder.
func (g *gatherer) readList(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return noRoom("restore", err)
	}
	defer f.Close()
	seen := map[Hash]bool{}
	err = readList(f, func(l listed) error {
		if seen[l.hash] {
			return errors.New("a file twice")
		}
		seen[l.hash] = true
		at := int64(0)
		for _, c := range l.chunks {
			g.wants[c.Hash] = append(g.wants[c.Hash], place{int32(len(g.files)), at})
			at += int64(c.Size)
		}
		l.chunks = nil
		g.files = append(g.files, l)
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: list of files: %w", ErrBackup, err)
	}
	if err := os.Remove(path); err != nil {
		return noRoom("restore", err)
	}
	return nil
}

func (g *gatherer) path(i int32) string {
	name := g.files[i].hash.String()
	return filepath.Join(g.dir, name[:2], name)
}

func (g *gatherer) close() error {
	if g.open == nil {
		return nil
	}
	err := g.open.Close()
	if g.open = nil; err != nil {
		return noRoom("restore", err)
	}
	return nil
}

func (g *gatherer) file(i int32) (*os.File, error) {
	if g.open != nil && g.is == i {
		return g.open, nil
	}
	if err := g.close(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(g.path(i)), 0o700); err != nil {
		return nil, noRoom("restore", err)
	}
	f, err := os.OpenFile(g.path(i), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, noRoom("restore", err)
	}
	g.open, g.is = f, i
	return f, nil
}

func (g *gatherer) readPack(path, name string, ids []age.Identity) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: the pack %s: %w", ErrBackup, path, err)
	}
	defer f.Close()
	sum := sha256.New()
	raw := io.TeeReader(f, sum)
	var refused error // by the disk that is restored to
	err = func() error {
		plain, err := age.Decrypt(raw, ids...)
		if err != nil {
			return err
		}
		return readPack(plain, func(data []byte) error { refused = g.put(data); return refused })
	}()
	if refused != nil {
		return refused
	}
	_, bad := io.Copy(io.Discard, raw)
	if bad != nil || hex.EncodeToString(sum.Sum(nil)) != name {
		return fmt.Errorf("%w: the pack %s is altered", ErrBackup, path)
	}
	if err != nil {
		return fmt.Errorf("%w: the pack %s: %w", ErrBackup, path, err)
	}
	return nil
}

// readPack reads the chunks of a pack that has been decrypted: before each its
// length, a varint. data is fn's until it returns.
func readPack(plain io.Reader, fn func(data []byte) error) error {
	r := bufio.NewReaderSize(plain, 64<<10)
	magic := make([]byte, len(packMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != packMagic {
		return errors.Join(errPack, err)
	}
	for buf := []byte(nil); ; {
		n, err := binary.ReadUvarint(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || n == 0 || n > chunkMost {
			return errors.Join(errPack, err)
		}
		buf = slices.Grow(buf[:0], int(n))[:n]
		if _, err := io.ReadFull(r, buf); err != nil {
			return errors.Join(errPack, err)
		}
		if err := fn(buf); err != nil {
			return err
		}
	}
}

var errPack = errors.New("store: not a pack")

// put writes a chunk wherever it belongs.
func (g *gatherer) put(data []byte) error {
	sum := sha256.Sum256(data)
	id := [16]byte(sum[:])
	places := g.wants[id]
	delete(g.wants, id)
	for _, p := range places {
		f, err := g.file(p.file)
		if err != nil {
			return err
		}
		if _, err := f.WriteAt(data, p.at); err != nil {
			return noRoom("restore", err)
		}
	}
	return nil
}

// check reads every file back and makes it durable.
func (g *gatherer) check() error {
	for i, l := range g.files {
		f, err := g.file(int32(i))
		if err != nil {
			return err
		}
		sum := sha256.New()
		n, err := io.Copy(sum, io.NewSectionReader(f, 0, l.size+1))
		if err != nil {
			return noRoom("restore", err)
		}
		if n != l.size || Hash(sum.Sum(nil)) != l.hash {
			return fmt.Errorf("%w: the file %s is not what was saved", ErrBackup, l.hash)
		}
		if err := f.Sync(); err != nil {
			return noRoom("restore", err)
		}
	}
	return g.close()
}
