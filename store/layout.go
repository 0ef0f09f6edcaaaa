package store

import (
	"encoding/binary"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// The buckets of the file. A commit writes every page from each changed leaf up
// to the root, so what changes together lies together, and the two buckets that
// every commit touches are kept so small that bbolt lays them inside the root
// page, which it must write anyway.
var (
	bucketRows  = []byte("rows")
	bucketIndex = []byte("index")
	bucketFeed  = []byte("feed")
	bucketHot   = []byte("hot")  // counters
	bucketTail  = []byte("tail") // the newest feed entries and digests, before they settle
	buckets     = [][]byte{bucketFeed, bucketHot, bucketIndex, bucketRows, bucketTail}
)

// The prefixes of keys. NN is the number of a collection or of an index, given
// at first use and kept under pName: keys must be short, they fill the branches.
const (
	pRow     = 'r' // rows:  NN id → row
	pAlien   = 'u' // rows:  site 0 collection 0 id → row of a collection this build does not know
	pIndex   = 'i' // index: NN key id → nothing
	pBlob    = 'b' // index: hash id NN → blob
	pBase    = 'c' // index: hash → hash of the file it is a new version of
	pFeed    = 'f' // feed and tail: home origin lane number → NN, and the id where it is not that number
	pState   = 'g' // feed:  name → what seldom changes
	pDigest  = 'h' // feed and tail: line 0 chunk → up to 16 digests
	pOutbox  = 'o' // feed:  site 0 lane number → id, gone flag, NN
	pMailed  = 'p' // feed:  id site → lane number gone
	pAck     = 'k' // feed:  feed number → time
	pRecv    = 'q' // feed:  feed → cursor
	pSender  = 's' // feed:  origin → order, site
	pAside   = 'd' // rows:  site 0 id origin number → row that another life of its site wrote over
	pName    = 'n' // feed:  name of a collection, or collection 0 index → NN; two counts
	pHot     = 'a' // hot:   name → what every commit changes
	pVersion = 'v' // hot:   nothing → the versions of all collections, 8 bytes each, by NN
)

// hotCounters are the counters that every commit changes.
var hotCounters = map[string]bool{"number": true, "scratch": true, "newest": true}

// layout opens the buckets of a transaction, each when it is first asked for: most
// views look into one or two of them.
type layout struct {
	t                                      *bolt.Tx
	inRows, inIndex, inFeed, inHot, inTail *bolt.Bucket
}

// layoutOf is the layout of a transaction on a file; ok is false when that is no store.
func layoutOf(t *bolt.Tx) (l layout, ok bool) {
	for _, name := range buckets {
		if t.Bucket(name) == nil {
			return l, false
		}
	}
	return layout{t: t}, true
}

func (l *layout) open(at **bolt.Bucket, name []byte, fill float64) *bolt.Bucket {
	if *at == nil {
		*at = l.t.Bucket(name)
		(*at).FillPercent = fill
	}
	return *at
}

// Rows and feed grow at their ends: full pages make a flatter tree.
const full = 0.9

func (l *layout) rows() *bolt.Bucket { return l.open(&l.inRows, bucketRows, full) }
func (l *layout) index() *bolt.Bucket {
	return l.open(&l.inIndex, bucketIndex, bolt.DefaultFillPercent)
}
func (l *layout) feed() *bolt.Bucket { return l.open(&l.inFeed, bucketFeed, full) }
func (l *layout) hot() *bolt.Bucket  { return l.open(&l.inHot, bucketHot, bolt.DefaultFillPercent) }

func (l *layout) tail() *bolt.Bucket { return l.open(&l.inTail, bucketTail, bolt.DefaultFillPercent) }

func (l *layout) of(key []byte) *bolt.Bucket {
	switch key[0] {
	case pRow, pAlien, pAside:
		return l.rows()
	case pIndex, pBlob, pBase:
		return l.index()
	case pHot, pVersion:
		return l.hot()
	}
	return l.feed()
}

func (db *DB) rowKey(collection string, id ID) []byte {
	k := make([]byte, 3, 3+16)
	k[0] = pRow
	binary.BigEndian.PutUint16(k[1:], db.names.number(collection))
	k = append(k, id.Origin[:]...)
	return binary.BigEndian.AppendUint64(k, id.Number)
}

func (db *DB) indexBase(collection, index string) []byte {
	k := make([]byte, 3, 48)
	k[0] = pIndex
	binary.BigEndian.PutUint16(k[1:], db.names.number(collection+"\x00"+index))
	return k
}

func (db *DB) blobKey(h Hash, row Row) []byte {
	k := join(pBlob, h[:], row.ID.bytes())
	return binary.BigEndian.AppendUint16(k, db.names.number(row.Collection))
}

// names are the numbers that stand for names in keys: one count for collections
// and one for indexes ("collection 0 index"). 0 stands for none.
type names struct {
	of          map[string]uint16
	collections []string
	indexes     []string
}

func (n *names) number(name string) uint16 { return n.of[name] }

func (n *names) collection(number uint16) string {
	if int(number) < len(n.collections) {
		return n.collections[number]
	}
	return ""
}

// owner is the collection that an index belongs to.
func (n *names) owner(index uint16) string {
	if int(index) >= len(n.indexes) {
		return ""
	}
	name, _, _ := strings.Cut(n.indexes[index], "\x00")
	return name
}

func (n *names) add(name string, number uint16) {
	if n.of == nil {
		n.of = map[string]uint16{}
	}
	n.of[name] = number
	list := n.list(name)
	for len(*list) <= int(number) {
		*list = append(*list, "")
	}
	(*list)[number] = name
}

func (n *names) list(name string) *[]string {
	if strings.Contains(name, "\x00") {
		return &n.indexes
	}
	return &n.collections
}

func (tx *Tx) readNames() (n names) {
	tx.scan([]byte{pName}, nil, false, func(k, v []byte) bool {
		if len(v) == 2 {
			n.add(string(k[1:]), binary.BigEndian.Uint16(v))
		}
		return true
	})
	return n
}

func join(prefix byte, parts ...[]byte) []byte {
	k := make([]byte, 1, 64)
	k[0] = prefix
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

func named(s string) []byte { return append([]byte(s), 0) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// numberOf is the number that a key ends in.
func numberOf(k []byte) uint64 { return binary.BigEndian.Uint64(k[len(k)-8:]) }

// counterKey is where a counter or a seldom changed value lies.
func counterKey(name string) []byte {
	if hotCounters[name] {
		return join(pHot, []byte(name))
	}
	return join(pState, []byte(name))
}
