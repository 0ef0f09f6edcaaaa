package store

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// An index lies in the clear beside its pack, for the store alone that made it,
// which cannot open the pack itself:
//
//	magic · SHA-256 of the pack · its bytes · bytes of chunks in it · number of chunks (varints)
//	16 bytes a chunk: HMAC of its hash · HMAC of all that
//
// The key comes from DIR/keys/store.key and from the recovery key that the packs
// are encrypted to. So who finds the disk cannot ask whether a certain file is on
// it, and when the recovery key changes no pack of the old one is used.
const (
	indexMagic = "preau-index/1\n"
	indexEnd   = ".index"
	indexMost  = 64 << 20 // bytes
)

// tag is what an index says of a chunk.
type tag [16]byte

var errIndex = errors.New("store: not an index of a pack")

func indexKey(store ed25519.PrivateKey, to *age.X25519Recipient) []byte {
	mac := hmac.New(sha256.New, store.Seed())
	_, _ = io.WriteString(mac, "preau: index of packs for "+to.String())
	return mac.Sum(nil)
}

func encodeIndex(k *pack, key []byte) []byte {
	sum, _ := hex.DecodeString(k.name)
	b := append([]byte(indexMagic), sum...)
	for _, n := range []int64{k.size, k.held, int64(len(k.tags))} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	for _, t := range k.tags {
		b = append(b, t[:]...)
	}
	return append(b, indexSum(b, key)...)
}

func indexSum(b, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(b)
	return mac.Sum(nil)
}

func readIndex(path string, key []byte) (*pack, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, indexMost))
	if err != nil {
		return nil, err
	}
	return decodeIndex(b, key)
}

// decodeIndex reads an index of this key's; errIndex for anything else.
func decodeIndex(b, key []byte) (*pack, error) {
	body, ok := bytes.CutPrefix(b, []byte(indexMagic))
	if !ok || len(body) < 2*sha256.Size {
		return nil, errIndex
	}
	end := len(b) - sha256.Size
	if !hmac.Equal(b[end:], indexSum(b[:end], key)) {
		return nil, errIndex
	}
	k := &pack{name: hex.EncodeToString(body[:sha256.Size])}
	body = body[sha256.Size : len(body)-sha256.Size]
	var chunks uint64
	for _, to := range []func(uint64){
		func(n uint64) { k.size = int64(n) }, func(n uint64) { k.held = int64(n) }, func(n uint64) { chunks = n },
	} {
		n, used := binary.Uvarint(body)
		if used <= 0 || n > 1<<62 {
			return nil, errIndex
		}
		to(n)
		body = body[used:]
	}
	if uint64(len(body)) != chunks*uint64(len(tag{})) || chunks > indexMost {
		return nil, errIndex
	}
	k.tags = make([]tag, 0, chunks)
	for t := range slices.Chunk(body, len(tag{})) {
		k.tags = append(k.tags, tag(t))
	}
	return k, nil
}

// The note of what a backup needs: a pack's name a line, the last line is "end".
func encodeNeeds(packs map[string]int64) []byte {
	names := make([]string, 0, len(packs)+1)
	for name := range packs {
		names = append(names, name+"\n")
	}
	slices.Sort(names)
	return []byte(strings.Join(append(names, "end\n"), ""))
}

// decodeNeeds reads a note; false when it is not whole.
func decodeNeeds(r io.Reader) (names []string, whole bool) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if lines.Text() == "end" {
			return names, !lines.Scan()
		}
		if !blobName.MatchString(lines.Text()) {
			return nil, false
		}
		names = append(names, lines.Text())
	}
	return nil, false
}

func readNeeds(folder, stamp string) (names []string, whole bool) {
	f, err := os.Open(filepath.Join(folder, stamp+needsEnd))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	return decodeNeeds(f)
}

// listed is a file in the list of a backup.
type listed struct {
	hash   Hash
	size   int64
	chunks []Chunk
}

// readList reads the list of a backup's files: hash, bytes (a varint), chunks.
func readList(r io.Reader, fn func(f listed) error) error {
	b := bufio.NewReader(r)
	for {
		var f listed
		if _, err := io.ReadFull(b, f.hash[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%w: %w", ErrChunks, err)
		}
		n, err := binary.ReadUvarint(b)
		if err != nil || n > 1<<50 {
			return errors.Join(ErrChunks, err)
		}
		f.size = int64(n)
		if f.chunks, err = ReadChunks(b, f.size); err != nil {
			return fmt.Errorf("%w: %w", ErrChunks, err)
		}
		if err := fn(f); err != nil {
			return err
		}
	}
}
