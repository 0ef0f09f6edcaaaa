package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"preau/store"
	"preau/store/storetest"
)

// An actor is the process that a crash test records: it does everything that
// changes a folder, one action after the other, and after each answer prints a
// mark with all that the folder now holds.
type actor struct {
	dir string
	db  *store.DB
}

// acts are what an actor can be asked for, and of a hundred states how many are
// made of each. Each begins with a folder that is not there.
var acts = []struct {
	name  string
	share int
	do    func(a *actor, aside string)
}{
	{"records", 45, (*actor).records},
	{"files", 15, (*actor).files},
	{"exchange", 25, (*actor).exchange},
	{"copies", 8, (*actor).copies},
	{"builds", 5, (*actor).builds},
	{"restore", 2, (*actor).restore},
}

// act is the process with PREAU_TEST_ACTOR=DIR and PREAU_TEST_ACT=NAME: its
// folders are below DIR, the one that is replayed is DIR/data.
func act(root, name string) {
	a := &actor{dir: filepath.Join(root, "data")}
	// What others send is made beforehand, outside the folder.
	aside, err := os.MkdirTemp("", "actor-*")
	a.must(err)
	defer os.RemoveAll(aside)
	if name == "nights" {
		actNights(root, aside)
		return
	}
	for _, act := range acts {
		if act.name == name {
			act.do(a, aside)
			a.close()
		}
	}
}

func (a *actor) must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(3)
	}
}

// mark ends an action: from here on the folder must hold this.
func (a *actor) mark() {
	text, err := holds(a.dir, a.db)
	a.must(err)
	_, err = os.Stdout.WriteString("mark\n" + text)
	a.must(err)
}

func (a *actor) open(defs ...store.Definition) {
	var err error
	a.db, err = store.Open(a.dir, store.Options{Collections: defs, Clock: storetest.NewClock(), Unsafe: os.Getenv("PREAU_TEST_UNSAFE") != ""})
	a.must(err)
	a.mark()
}

func (a *actor) close() {
	a.must(a.db.Close())
	a.db = nil
	a.mark()
}

func (a *actor) update(fn func(tx *store.Tx) error) {
	a.must(a.db.Update(fn))
	a.mark()
}

func (a *actor) add(c *store.Collection[note], n note) (id store.ID) {
	a.update(func(tx *store.Tx) (err error) { id, err = c.Add(tx, n); return err })
	return id
}

// fill gives the folder some pages before an act begins.
func (a *actor) fill() {
	a.update(func(tx *store.Tx) error {
		for i := range 40 {
			if _, err := []*store.Collection[note]{locals, ups}[i%2].Add(tx, note{Title: fmt.Sprint(i, strings.Repeat(" before", 20)), Rank: i}); err != nil {
				return err
			}
		}
		return nil
	})
}

// records makes, changes and deletes records of every home, alone and many in
// one commit, small ones and some longer than a page.
func (a *actor) records(string) {
	a.mark()
	a.open(all...)
	for _, c := range []*store.Collection[note]{locals, ups, downs, scratch} {
		id := a.add(c, note{Title: "first", Rank: 1})
		gone := a.add(c, note{Title: "second", Rank: 2})
		a.update(func(tx *store.Tx) error { return c.Set(tx, id, note{Title: "first", Rank: 3}) })
		a.update(func(tx *store.Tx) error { return c.Delete(tx, gone) })
		long := a.add(c, note{Title: strings.Repeat("long ", 2000)})
		a.update(func(tx *store.Tx) error { return c.Set(tx, long, note{Title: "short", Rank: 4}) })
	}
	if err := a.db.Update(func(tx *store.Tx) error { _, err := locals.Add(tx, note{Title: "first"}); return err }); err == nil {
		a.must(errors.New("a unique index let a second record in"))
	}
	a.mark()
	for i := range 15 { // the feed's tail settles
		a.add(ups, note{Title: fmt.Sprint("up ", i), Rank: i})
	}
	a.update(func(tx *store.Tx) error {
		for i := range 20 {
			if _, err := locals.Add(tx, note{Title: fmt.Sprint("together ", i), Rank: i}); err != nil {
				return err
			}
		}
		return nil
	})
}

// files puts blobs, whole and in pieces, and records that name them.
func (a *actor) files(string) {
	a.mark()
	a.open(all...)
	a.fill()
	for i, text := range sameFolder(4) {
		b := store.Blob{Name: "annexe.pdf", Type: "application/pdf"}
		var err error
		if i == 3 {
			b.Hash, b.Size = sha256.Sum256([]byte(text)), int64(len(text))
			a.pieces(b, text)
		} else {
			b.Hash, b.Size, err = a.db.PutBlob(strings.NewReader(text), 1<<20)
			a.must(err)
			a.mark()
		}
		id := a.add([]*store.Collection[note]{locals, ups, downs, locals}[i], note{Title: fmt.Sprint("file ", i), File: b})
		if i == 2 {
			a.update(func(tx *store.Tx) error { return downs.Delete(tx, id) })
		}
	}
	_, _, err := a.db.PutBlob(strings.NewReader(sameFolder(1)[0]), 1<<20) // there already
	a.must(err)
	a.mark()
}

func (a *actor) pieces(b store.Blob, text string) {
	for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} {
		p, err := a.db.Partial(b.Hash, b.Size)
		a.must(err)
		_, err = io.WriteString(p, part)
		a.must(err)
		if p.Offset() < b.Size {
			a.must(p.Close())
			a.close()
			a.open(all...)
			continue
		}
		a.must(p.Finish())
	}
	a.mark()
}

// sameFolder are texts of different length whose hashes begin alike, so that
// their blobs lie in one folder.
func sameFolder(n int) (texts []string) {
	for i := 0; len(texts) < n; i++ {
		text := fmt.Sprint(i, strings.Repeat(" page", 400*(1+len(texts)*3)))
		if sum := sha256.Sum256([]byte(text)); sum[0] == 7 {
			texts = append(texts, text)
		}
	}
	return texts
}

// later is a collection that the folder's build does not know at first.
var later = store.Define(spec("t.later", store.Up))

// batches are what a school sends to the folder, taken as an office.
func (a *actor) batches(aside string) (list []store.Batch) {
	db, err := store.Open(aside, store.Options{Collections: []store.Definition{ups, later}, Clock: storetest.NewClock()})
	a.must(err)
	defer db.Close()
	var from store.Cursor
	var id store.ID
	for i := range 4 {
		a.must(db.Update(func(tx *store.Tx) (err error) {
			switch i {
			case 0:
				id, err = ups.Add(tx, note{Title: "sent", Rank: 1})
			case 1:
				err = ups.Set(tx, id, note{Title: "sent", Rank: 2})
			case 2:
				_, err = later.Add(tx, note{Title: "ahead of its time"})
			case 3:
				err = ups.Delete(tx, id)
			}
			return err
		}))
		b, err := db.Changes(store.Feed{Origin: db.Origin(), Lane: store.Records}, from, 1<<20)
		a.must(err)
		list, from = append(list, b), b.To
	}
	return list
}

// exchange takes batches, addresses circulars, and hears what arrived.
func (a *actor) exchange(aside string) {
	batches := a.batches(aside)
	a.mark()
	a.open(all...)
	a.fill()
	for _, b := range batches {
		a.must(a.db.Apply(b, "TG-1"))
		a.mark()
	}
	a.must(a.db.Apply(batches[0], "TG-1")) // again
	a.mark()
	id := a.add(downs, note{Title: "circular"})
	for _, sites := range [][]string{{"TG-1", "TG-2"}, {"TG-2", "TG-3"}} {
		a.update(func(tx *store.Tx) error { return store.Address(tx, id, sites) })
		a.update(func(tx *store.Tx) error { return downs.Set(tx, id, note{Title: "circular", Rank: len(sites[0])}) })
	}
	f := store.Feed{Origin: a.db.Origin(), Lane: store.Records}
	for range 2 {
		head, err := a.db.Head(f)
		a.must(err)
		a.db.Sent(f, head)
		a.must(a.db.Acked(f, head))
		a.mark()
		a.add(ups, note{Title: fmt.Sprint("after ", head.Number)})
	}
	head, err := a.db.Head(f)
	a.must(err)
	a.must(a.db.Rebirth(head.Number - 2)) // an older copy of itself, somebody says
	a.mark()
	a.add(ups, note{Title: "in another life"})
}

// copies makes verified copies and backups, loses the file and puts it back.
func (a *actor) copies(string) {
	a.mark()
	a.open(all...)
	a.fill()
	for range 2 {
		_, err := a.db.CopyVerified()
		a.must(err)
		a.mark()
	}
	a.must(a.db.Backup(io.Discard))
	a.mark()
	a.close()
	_, err := store.SetAside(a.dir, storetest.NewClock().Time())
	a.must(err)
	a.mark()
	_, _, err = store.PutBack(a.dir)
	a.must(err)
	a.mark()
	a.open(all...)
	a.add(ups, note{Title: "in the second life"})
}

// builds opens the folder with a build that knows more and orders otherwise. What
// it holds is looked at by today's build again.
func (a *actor) builds(aside string) {
	batches := a.batches(aside)
	a.mark()
	a.open(all...)
	a.fill()
	for _, b := range batches[:3] {
		a.must(a.db.Apply(b, "TG-1"))
		a.mark()
	}
	a.close()
	other := store.Define(store.Spec[note]{Name: "t.local", Home: store.Local, Indexes: []store.Index[note]{
		{Name: "turned", Keys: func(n *note) [][]byte { return [][]byte{store.Key(-n.Rank)} }},
	}})
	var err error
	a.db, err = store.Open(a.dir, store.Options{Collections: []store.Definition{other, ups, downs, scratch, later}, Clock: storetest.NewClock()})
	a.must(err)
	a.must(a.db.Update(func(tx *store.Tx) error { _, err := later.Add(tx, note{Title: "in its time"}); return err }))
	a.close()
	a.open(append([]store.Definition{later}, all...)...)
}

// restore reads a backup into the folder.
func (a *actor) restore(aside string) {
	db, err := store.Open(aside, store.Options{Collections: all, Clock: storetest.NewClock()})
	a.must(err)
	h, n, err := db.PutBlob(strings.NewReader("annexe"), 100)
	a.must(err)
	a.must(db.Update(func(tx *store.Tx) error {
		_, err := ups.Add(tx, note{Title: "saved", File: store.Blob{Hash: h, Size: n, Name: "a", Type: "text/plain"}})
		return err
	}))
	var saved bytes.Buffer
	a.must(db.Backup(&saved))
	a.must(db.Close())
	a.mark()
	a.must(store.Restore(a.dir, &saved))
	a.mark()
	a.open(all...)
	a.add(ups, note{Title: "after"})
}
