package store

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// FuzzChunks reads any bytes as the list of chunks of a file of any size: what is
// taken for one is of that size, and is the same written again.
func FuzzChunks(f *testing.F) {
	two := Chunk{Hash: [16]byte{2}, Size: 70_000}.Append(Chunk{Hash: [16]byte{1}, Size: 300}.Append(nil))
	f.Add(two, int64(70_300))
	f.Add(two, int64(300))
	f.Add(two, int64(301))
	f.Add(two[:len(two)-1], int64(70_300))
	f.Add(binary.AppendUvarint(nil, chunkMost+1), int64(chunkMost+1))
	f.Add([]byte{0}, int64(1))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		list, err := ReadChunks(bufio.NewReader(bytes.NewReader(b)), size)
		if err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, ErrHash) && !errors.Is(err, ErrChunks) {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		total, again := int64(0), []byte(nil)
		for _, c := range list {
			total, again = total+int64(c.Size), c.Append(again)
		}
		if total != max(size, 0) {
			t.Fatalf("%d bytes of chunks for a file of %d", total, size)
		}
		if back, err := ReadChunks(bufio.NewReader(bytes.NewReader(again)), size); err != nil || !slices.Equal(back, list) {
			t.Fatalf("written again it is %v, %v", back, err)
		}
	})
}

// FuzzIndex reads any bytes as a pack's index, and as one with this store's own
// seal on it.
func FuzzIndex(f *testing.F) {
	key := []byte("a key of this store's")
	for _, k := range []*pack{
		{name: strings.Repeat("ab", 32), size: 1 << 33, held: 5, tags: []tag{{1}, {2}}},
		{name: strings.Repeat("00", 32)},
	} {
		b := encodeIndex(k, key)
		f.Add(b[len(indexMagic) : len(b)-sha256.Size])
	}
	f.Add(binary.AppendUvarint(make([]byte, 32), 1<<63))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := decodeIndex(body, key); err == nil {
			t.Fatal("an index without a seal was taken")
		}
		b := append([]byte(indexMagic), body...)
		b = append(b, indexSum(b, key)...)
		k, err := decodeIndex(b, key)
		if err != nil {
			return
		}
		back, err := decodeIndex(encodeIndex(k, key), key)
		if err != nil || back.name != k.name || back.size != k.size || back.held != k.held || !slices.Equal(back.tags, k.tags) {
			t.Fatalf("%+v became %+v, %v", k, back, err)
		}
		if _, err := decodeIndex(b, []byte("another")); err == nil {
			t.Fatal("another store's index was taken")
		}
	})
}

// FuzzPack reads any bytes as a decrypted pack, as a backup's list of files, and
// as the note of what a backup needs.
func FuzzPack(f *testing.F) {
	f.Add([]byte(packMagic + "\x03abc\x01d"))
	f.Add([]byte(packMagic + "\x03ab"))
	f.Add(append([]byte(packMagic), binary.AppendUvarint(nil, chunkMost+1)...))
	f.Add(Chunk{Hash: [16]byte{1}, Size: 5}.Append(append(make([]byte, 32), 5)))
	f.Add(append(make([]byte, 32), 0))
	f.Add([]byte(strings.Repeat("ab", 32) + "\nend\n"))
	f.Add([]byte("end\nend\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		again := []byte(packMagic)
		err := readPack(bytes.NewReader(b), func(data []byte) error {
			again = append(binary.AppendUvarint(again, uint64(len(data))), data...)
			return nil
		})
		if err == nil && len(again) > len(b) {
			t.Fatalf("more came out of a pack than was in it: %d of %d", len(again), len(b))
		}
		if err != nil && !errors.Is(err, errPack) {
			t.Fatalf("refused without a reason: %v", err)
		}
		err = readList(bytes.NewReader(b), func(l listed) error {
			total := int64(0)
			for _, c := range l.chunks {
				total += int64(c.Size)
			}
			if total != l.size {
				t.Fatalf("a file of %d bytes has %d in its chunks", l.size, total)
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrChunks) {
			t.Fatalf("refused without a reason: %v", err)
		}
		if names, whole := decodeNeeds(bytes.NewReader(b)); whole {
			for _, name := range names {
				if !blobName.MatchString(name) {
					t.Fatalf("a pack called %q", name)
				}
			}
		}
	})
}

// FuzzManifest puts any manifest, rightly signed, at the end of a backup.
func FuzzManifest(f *testing.F) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	got := map[string]string{FileName: strings.Repeat("a", 64), listName: strings.Repeat("b", 64)}
	for _, m := range []manifest{
		{Format: formatPacks, Entries: got, Folder: "preau-lyc-1-files", Packs: map[string]int64{strings.Repeat("c", 64): 9}},
		{Format: formatWhole, Entries: got},
		{Format: formatWhole, Entries: map[string]string{FileName: got[FileName]}},
		{Format: formatPacks, Entries: got, Folder: "../..", Packs: map[string]int64{"../x": -1}},
		{Format: 3, Entries: got},
	} {
		m.Signer = hex.EncodeToString(key.Public().(ed25519.PublicKey))
		raw, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		body, err := json.Marshal(signedManifest{raw, hex.EncodeToString(ed25519.Sign(key, append([]byte(manifestName), raw...)))})
		if err != nil {
			return // not JSON
		}
		for _, b := range [][]byte{body, raw} {
			m, err := checkManifest(bytes.NewReader(b), got)
			if err != nil && !errors.Is(err, ErrBackup) {
				t.Fatalf("refused without a reason: %v", err)
			}
			if err == nil && m.Format != formatPacks {
				t.Fatalf("a backup with a list of files was taken for format %d", m.Format)
			}
			if err == nil {
				if err := gather(t.TempDir(), m, t.TempDir(), func(int64, int64) {}, nil); err == nil {
					t.Fatal("a backup was put together out of nothing")
				}
			}
		}
	})
}
