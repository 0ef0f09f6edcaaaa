package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// A disk that takes a backup every night holds each chunk of the site's files
// once. Beside the backups, in a folder of the site's, lie
//
//	SHA256.pack   chunks, encrypted like the backup; its name is what its bytes hash to
//	SHA256.index  what this store knows it by (packindex.go): keyed hashes, nothing else
//	TIME.packs    the packs that the backup of that time needs
//	checked       the last pack that was read again
//
// A night adds packs of those chunks that no pack holds, then the backup: the
// database, the keys and the list of chunks of every file, signed, with the names
// of the packs. All is written under another name first and synced. So what
// stood there before is whole at every moment, and a night that was cut off
// leaves packs that the next one uses.
const (
	packMagic = "preau-pack/1\n"
	packEnd   = ".pack"
	needsEnd  = ".packs"

	packMost   = 256 << 20 // bytes of chunks in one pack: FAT ends at 4 GiB, and damage costs one pack
	packSmall  = 4 << 20   // a pack below this is small,
	smallPacks = 16        // and of more than so many one is made
	checkShare = 7         // every pack is read again within so many nights
)

// BackupReport says what a backup onto a disk cost.
type BackupReport struct {
	Path    string
	Written int64    // bytes written onto the disk, in packs and the backup itself
	Reused  int64    // bytes of chunks that lay there already
	Mended  []string // packs that were missing or not what was written, and why
	Damaged []Hash   // files of this store that are not what their names say: left out
}

// BackupOnto lays a backup onto a disk and removes the oldest beyond d.Keep, with
// what only they needed. Each night costs about what has changed since. ErrFull
// when either disk has no room; whatever the error, the earlier backups stay
// whole. Writers go on meanwhile.
func (db *DB) BackupOnto(ctx context.Context, d BackupDisk, to *age.X25519Recipient) (r BackupReport, err error) {
	key, err := storeKey(filepath.Join(db.dir, "keys", "store.key"))
	if err != nil {
		return r, noRoom("backup", err)
	}
	p := &packer{db: db, ctx: ctx, disk: d, to: to, folder: d.folder(), key: indexKey(key, to), known: map[tag]holder{}, report: &r}
	p.mac = hmac.New(sha256.New, p.key)
	tmp, err := os.MkdirTemp(filepath.Join(db.dir, "partial"), "backup-*")
	if err != nil {
		return r, noRoom("backup", err)
	}
	defer os.RemoveAll(tmp)
	if err = p.look(); err == nil {
		err = db.snapshot(filepath.Join(tmp, FileName))
	}
	if err == nil {
		err = writeStream(filepath.Join(tmp, listName), p.files)
	}
	if err == nil {
		err = p.gatherScattered()
	}
	if err = errors.Join(err, p.finishPack(err == nil)); err == nil {
		err = p.head(tmp)
	}
	if err == nil {
		err = d.tidy(filepath.Base(r.Path))
	}
	return r, err
}

// pack is one that is on the disk, or being written.
type pack struct {
	name string // SHA-256 of its bytes
	size int64  // of the file
	held int64  // bytes of chunks in it
	live int64  // of those that this backup needs
	tags []tag  // while it is written
}

type holder struct {
	pack *pack
	live bool // already counted
}

type packer struct {
	db     *DB
	ctx    context.Context
	disk   BackupDisk
	to     *age.X25519Recipient
	folder string
	key    []byte
	mac    hash.Hash
	packs  []*pack
	known  map[tag]holder
	out    *packWriter
	report *BackupReport
}

// look reads what the disk holds. What cannot be used is left alone until no
// backup needs it.
func (p *packer) look() error {
	if err := os.MkdirAll(p.folder, 0o700); err != nil {
		return noRoom("backup", err)
	}
	if err := syncDir(p.disk.Dir); err != nil {
		return err
	}
	list, err := os.ReadDir(p.folder)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	for _, e := range list { // by name
		path := filepath.Join(p.folder, e.Name())
		if unfinished(e.Name()) {
			_ = os.Remove(path)
		}
		if filepath.Ext(e.Name()) != indexEnd {
			continue
		}
		k, err := readIndex(path, p.key)
		if err != nil || k.name+indexEnd != e.Name() {
			continue // another store's, for another key, or not whole: its chunks are written again
		}
		if fi, err := os.Stat(p.path(k)); err != nil || fi.Size() != k.size {
			p.mend(k, "missing or of another length")
			continue
		}
		p.packs = append(p.packs, k)
	}
	p.checkSome()
	for _, k := range p.packs {
		for _, t := range k.tags {
			p.known[t] = holder{pack: k}
		}
		k.tags = nil
	}
	return nil
}

func (p *packer) path(k *pack) string { return filepath.Join(p.folder, k.name+packEnd) }

// mend forgets what a pack holds, so that it is written again.
func (p *packer) mend(k *pack, why string) {
	p.report.Mended = append(p.report.Mended, k.name+packEnd+": "+why)
	_ = os.Remove(filepath.Join(p.folder, k.name+indexEnd))
}

// checkSome reads a part of the packs again, those that waited longest first, and
// forgets one that is not what was written.
func (p *packer) checkSome() {
	total := int64(0)
	for _, k := range p.packs {
		total += k.size
	}
	state := filepath.Join(p.folder, "checked")
	last, _ := os.ReadFile(state)
	from, found := slices.BinarySearchFunc(p.packs, string(last), func(k *pack, name string) int { return strings.Compare(k.name, name) })
	if found {
		from++
	}
	good := make(map[*pack]bool, len(p.packs))
	for _, k := range p.packs {
		good[k] = true
	}
	left := max(total/checkShare, packMost/4)
	for i := range p.packs {
		k := p.packs[(from+i)%len(p.packs)]
		if left <= 0 || p.ctx.Err() != nil {
			break
		}
		if sum, err := hashFile(p.path(k)); err != nil || sum != k.name {
			p.mend(k, "not what was written")
			good[k] = false
		}
		left -= k.size
		_ = WriteFile(state, []byte(k.name)) // lost, it begins with the first again
	}
	p.packs = slices.DeleteFunc(p.packs, func(k *pack) bool { return !good[k] })
}

// files writes the list of the files' chunks, and those chunks that no pack holds.
func (p *packer) files(list io.Writer) error {
	var here []Hash
	if err := p.db.eachBlob(func(h Hash) { here = append(here, h) }); err != nil {
		return err
	}
	for _, h := range here {
		chunks, size, sum := []byte(nil), int64(0), sha256.New()
		err := p.db.EachChunk(h, func(_ int64, c Chunk, data []byte) error {
			sum.Write(data)
			chunks, size = c.Append(chunks), size+int64(c.Size)
			return errors.Join(p.ctx.Err(), p.take(c, data))
		})
		if errors.Is(err, ErrNotFound) {
			continue // swept meanwhile
		}
		if err != nil {
			return err
		}
		if Hash(sum.Sum(nil)) != h {
			p.report.Damaged = append(p.report.Damaged, h)
			continue
		}
		if _, err := list.Write(append(binary.AppendUvarint(h[:], uint64(size)), chunks...)); err != nil {
			return err
		}
	}
	return nil
}

// take sees that a chunk is in a pack.
func (p *packer) take(c Chunk, data []byte) (err error) {
	p.mac.Reset()
	_, _ = p.mac.Write(c.Hash[:])
	t := tag(p.mac.Sum(nil)[:len(tag{})])
	if h, ok := p.known[t]; ok {
		if !h.live {
			h.pack.live += int64(c.Size)
			p.report.Reused += int64(c.Size)
			p.known[t] = holder{h.pack, true}
		}
		return nil
	}
	if p.out != nil && p.out.held+int64(c.Size) > packMost {
		if err := p.finishPack(true); err != nil {
			return err
		}
	}
	if p.out == nil {
		if p.out, err = newPack(p.folder, p.to); err != nil {
			return err
		}
	}
	if err := p.out.add(t, data); err != nil {
		return err
	}
	p.known[t] = holder{&p.out.pack, true}
	return nil
}

// gatherScattered writes again what is still needed of packs that are mostly
// dead, and of small ones when there are many.
func (p *packer) gatherScattered() error {
	small := 0
	for _, k := range p.packs {
		if k.live > 0 && k.held < packSmall {
			small++
		}
	}
	again := map[*pack]bool{}
	for _, k := range p.packs {
		if k.live > 0 && (k.live*2 < k.held || k.held < packSmall && small > smallPacks) {
			again[k] = true
			p.report.Reused -= k.live
			k.live = 0
		}
	}
	if len(again) == 0 {
		return nil
	}
	for t, h := range p.known {
		if again[h.pack] {
			delete(p.known, t)
		}
	}
	damaged := p.report.Damaged
	err := p.files(io.Discard)
	p.report.Damaged = damaged
	return err
}

// finishPack gives the pack that is being written its name, or drops it.
func (p *packer) finishPack(keep bool) error {
	w := p.out
	if p.out = nil; w == nil {
		return nil
	}
	defer os.Remove(w.f.Name())
	if !keep {
		return w.f.Close()
	}
	if err := w.finish(); err != nil {
		return errors.Join(noRoom("backup", err), w.f.Close())
	}
	if err := os.Rename(w.f.Name(), p.path(&w.pack)); err != nil {
		return noRoom("backup", err)
	}
	index := encodeIndex(&w.pack, p.key)
	if err := WriteFile(filepath.Join(p.folder, w.name+indexEnd), index); err != nil {
		return err
	}
	p.report.Written += w.size + int64(len(index))
	w.live, w.tags = w.held, nil
	p.packs = append(p.packs, &w.pack)
	return nil
}

// head writes the backup itself, after the note of what it needs.
func (p *packer) head(tmp string) error {
	name, stamp, err := p.disk.next(p.db)
	if err != nil {
		return err
	}
	m := manifest{Format: formatPacks, Folder: filepath.Base(p.folder), Packs: map[string]int64{}}
	for _, k := range p.packs {
		if k.live > 0 {
			m.Packs[k.name] = k.size
		}
	}
	if err := WriteFile(filepath.Join(p.folder, stamp+needsEnd), encodeNeeds(m.Packs)); err != nil {
		return err
	}
	f, err := os.CreateTemp(p.folder, newFile)
	if err != nil {
		return noRoom("backup", err)
	}
	defer os.Remove(f.Name())
	err = p.db.writeBackup(f, filepath.Join(tmp, FileName), m, func(b *backupWriter) error {
		return b.add(listName, filepath.Join(tmp, listName))
	}, p.to)
	if fi, bad := f.Stat(); bad == nil {
		p.report.Written += fi.Size()
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return noRoom("backup", err)
	}
	p.report.Path = filepath.Join(p.disk.Dir, name)
	if err := os.Rename(f.Name(), p.report.Path); err != nil {
		return noRoom("backup", err)
	}
	return syncDir(p.disk.Dir)
}
