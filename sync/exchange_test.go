package boxsync_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	boxsync "preau/sync"

	"preau/store"
	"preau/store/storetest"
)

type memo struct {
	Text string     `cbor:"1,keyasint,omitempty"`
	File store.Blob `cbor:"2,keyasint,omitempty"`
}

func define(name string, h store.Home) *store.Collection[memo] {
	return store.Define(store.Spec[memo]{Name: name, Home: h, Blobs: func(m *memo) []store.Blob {
		if m.File.Size == 0 {
			return nil
		}
		return []store.Blob{m.File}
	}})
}

var (
	up    = define("t.up", store.Up)
	down  = define("t.down", store.Down)
	local = define("t.local", store.Local)
)

// site is one side with its store.
type site struct {
	db    *store.DB
	dir   string
	clock *storetest.Clock
}

func openSite(t *testing.T) site {
	dir := filepath.Join(t.TempDir(), "data")
	clock := storetest.NewClock()
	return site{storetest.OpenAt(t, dir, clock, append(boxsync.Collections(), up, down, local)...), dir, clock}
}

// pair is an office that listens on loopback and a box enrolled with it.
type pair struct {
	box, office site
	engine      *boxsync.Engine
	hub         *boxsync.Hub
	addr        string
}

func newPair(t *testing.T) *pair {
	p := &pair{box: openSite(t), office: openSite(t)}
	key, err := boxsync.LoadKey(p.office.dir)
	if err != nil {
		t.Fatal(err)
	}
	p.hub = boxsync.NewHub(boxsync.HubOptions{DB: p.office.db, Key: key, Root: []byte("root"), Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- p.hub.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p.enrol(t, p.box, "TG-1")
	p.engine = p.newEngine(t, p.box, "TG-1")
	return p
}

func (p *pair) enrol(t *testing.T, box site, school string) {
	t.Helper()
	if _, err := boxsync.Enrol(t.Context(), boxsync.EnrolOptions{DB: box.db, Key: loadKey(t, box), Addr: p.addr, Code: p.code(t, school)}); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) code(t *testing.T, school string) (code string) {
	t.Helper()
	if err := p.office.db.Update(func(tx *store.Tx) (err error) {
		code, _, err = boxsync.NewCode(tx, school, boxsync.DefaultCodeLife)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return code
}

func loadKey(t *testing.T, s site) (key []byte) {
	t.Helper()
	k, err := boxsync.LoadKey(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (p *pair) newEngine(t *testing.T, s site, school string) *boxsync.Engine {
	return boxsync.NewEngine(boxsync.EngineOptions{DB: s.db, Key: loadKey(t, s), Site: school})
}

func (p *pair) once(t *testing.T) boxsync.Report {
	t.Helper()
	r, err := p.engine.Once(t.Context())
	if err != nil {
		t.Fatalf("%v at %s after %v", err, r.Stage, r.Steps)
	}
	return r
}

func put(t *testing.T, db *store.DB, c *store.Collection[memo], m memo, sites ...string) (id store.ID) {
	t.Helper()
	if err := db.Update(func(tx *store.Tx) (err error) {
		if id, err = c.Add(tx, m); err != nil || sites == nil {
			return err
		}
		return store.Address(tx, id, sites)
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

func texts(t *testing.T, db *store.DB, c *store.Collection[memo]) string {
	t.Helper()
	var all []string
	if err := db.View(func(tx *store.Tx) error {
		for r, err := range c.All(tx) {
			if err != nil {
				return err
			}
			all = append(all, r.Value.Text)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func blob(t *testing.T, db *store.DB, text string) store.Blob {
	t.Helper()
	h, n, err := db.PutBlob(strings.NewReader(text), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return store.Blob{Hash: h, Size: n, Name: "a.txt", Type: "text/plain"}
}

func TestTwoSitesExchangeRecordsAndFiles(t *testing.T) {
	p := newPair(t)
	big := strings.Repeat("une annexe assez longue pour plusieurs morceaux\n", 3000)
	put(t, p.office.db, down, memo{Text: "circulaire", File: blob(t, p.office.db, big)}, "TG-1", "TG-2")
	put(t, p.office.db, down, memo{Text: "ailleurs"}, "TG-2")
	put(t, p.box.db, local, memo{Text: "secret"})
	id := put(t, p.box.db, up, memo{Text: "accusé", File: blob(t, p.box.db, "réponse")})
	for i := range 300 {
		put(t, p.box.db, up, memo{Text: fmt.Sprint(i)})
	}
	r := p.once(t)
	if got := texts(t, p.box.db, down); got != "circulaire" {
		t.Errorf("the box holds %q", got)
	}
	if got := len(strings.Fields(texts(t, p.office.db, up))); got != 301 {
		t.Errorf("the office holds %d records", got)
	}
	for name, db := range map[string]*store.DB{"box": p.box.db, "office": p.office.db} {
		if m, err := db.Missing(); err != nil || len(m) > 0 {
			t.Errorf("%s misses %v, %v", name, m, err)
		}
	}
	if texts(t, p.office.db, local) != "" {
		t.Error("a Local record left the school")
	}
	_ = p.box.db.View(func(tx *store.Tx) error {
		if pr, err := store.Progress(tx, id); err != nil || pr.State != store.Arrived {
			t.Errorf("progress %v, %v", pr, err)
		}
		return nil
	})
	if r.Sent != 301 || r.Received != 1 || r.Stage != "" {
		t.Errorf("report: %+v", r)
	}
	if again := p.once(t); again.Sent+again.Received != 0 {
		t.Errorf("nothing new, yet %+v", again)
	} else {
		t.Logf("301 records and a file: %d up, %d down; nothing new: %d up, %d down", r.Up, r.Down, again.Up, again.Down)
	}
}

func TestEnrolmentCodes(t *testing.T) {
	p := newPair(t)
	enrol := func(code string) error {
		s := openSite(t)
		_, err := boxsync.Enrol(t.Context(), boxsync.EnrolOptions{DB: s.db, Key: loadKey(t, s), Addr: p.addr, Code: code})
		return err
	}
	code := p.code(t, "TG-2")
	if err := enrol("0000-0000-0000-0000"); !errors.Is(err, boxsync.ErrCode) {
		t.Errorf("guessed: %v", err)
	}
	if err := enrol(" " + strings.ToLower(strings.ReplaceAll(code, "-", " "))); err != nil {
		t.Errorf("typed with spaces, in small letters: %v", err)
	}
	if err := enrol(code); !errors.Is(err, boxsync.ErrCode) {
		t.Errorf("used twice: %v", err)
	}
	var late string
	_ = p.office.db.Update(func(tx *store.Tx) (err error) { late, _, err = boxsync.NewCode(tx, "TG-3", -1); return err })
	if err := enrol(late); !errors.Is(err, boxsync.ErrCode) {
		t.Errorf("expired: %v", err)
	}
}

func TestARevokedOrForeignKeyGetsNothing(t *testing.T) {
	p := newPair(t)
	put(t, p.office.db, down, memo{Text: "circulaire"}, "TG-1")
	if err := p.office.db.Update(func(tx *store.Tx) error {
		n, err := boxsync.Revoke(tx, "TG-1")
		if n != 1 {
			t.Errorf("%d boxes revoked", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	r, err := p.engine.Once(t.Context())
	var bye *boxsync.ByeError
	if !errors.As(err, &bye) || bye.Reason != "unknown" {
		t.Errorf("revoked: %v", err)
	}
	if r.Stage != "greeted" {
		t.Errorf("failed step %q", r.Stage)
	}
	if texts(t, p.box.db, down) != "" {
		t.Error("a revoked box was given records")
	}
	// Another key on the office's address: the box says nothing to it.
	if err := os.Remove(filepath.Join(p.office.dir, "keys", "exchange.key")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = boxsync.NewHub(boxsync.HubOptions{DB: p.office.db, Key: loadKey(t, p.office)}).Serve(ctx, l)
	}()
	impostor := boxsync.NewEngine(boxsync.EngineOptions{DB: p.box.db, Key: loadKey(t, p.box), Site: "TG-1", Addr: l.Addr().String})
	if _, err := impostor.Once(t.Context()); !errors.Is(err, boxsync.ErrPeer) {
		t.Errorf("an impostor: %v", err)
	}
	cancel()
	<-done
}

func TestABoxCannotWriteAnotherSchoolsOrigin(t *testing.T) {
	p := newPair(t)
	put(t, p.box.db, up, memo{Text: "TG-1's own"})
	p.once(t)
	// The same data folder under another school's enrolment: a copied card.
	p.enrol(t, p.box, "TG-2")
	put(t, p.box.db, up, memo{Text: "posing"})
	if _, err := p.engine.Once(t.Context()); err == nil {
		t.Error("accepted")
	}
	if got := texts(t, p.office.db, up); got != "TG-1's own" {
		t.Errorf("the office holds %q", got)
	}
}

// TestABoxIsGivenOnlyItsOwnFiles: a stolen box may write what it likes into its
// own records, also the name of a file that is another school's.
func TestABoxIsGivenOnlyItsOwnFiles(t *testing.T) {
	p := newPair(t)
	file := blob(t, p.office.db, strings.Repeat("les sujets de l'examen\n", 400))
	put(t, p.office.db, down, memo{Text: "ailleurs", File: file}, "TG-2")
	put(t, p.box.db, up, memo{Text: "donne", File: file})
	p.once(t)
	if p.box.db.HasBlob(file.Hash) {
		t.Error("the box was given another school's file")
	}
	blob(t, p.box.db, strings.Repeat("les sujets de l'examen\n", 400)) // the check at the end wants what own records name
}

func TestGuessingCodesIsSlowedDown(t *testing.T) {
	p := newPair(t)
	s := openSite(t)
	key := loadKey(t, s)
	for range 40 {
		_, err := boxsync.Enrol(t.Context(), boxsync.EnrolOptions{DB: s.db, Key: key, Addr: p.addr, Code: "0000-0000-0000-0000"})
		var bye *boxsync.ByeError
		if errors.As(err, &bye) && bye.Reason == "busy" && bye.Back > 0 {
			return
		}
		if !errors.Is(err, boxsync.ErrCode) {
			t.Fatal(err)
		}
	}
	t.Error("forty codes in a row were tried")
}

// TestANewBoxGetsBackWhatTwoSchoolsSent: the same file stands in records of two
// schools. The box that takes a dead one's place gets it; a box that only writes
// its name does not.
func TestANewBoxGetsBackWhatTwoSchoolsSent(t *testing.T) {
	p := newPair(t)
	other := openSite(t)
	p.enrol(t, other, "TG-2")
	const text = "le formulaire du ministère, rempli"
	put(t, p.box.db, up, memo{Text: "a", File: blob(t, p.box.db, text)})
	put(t, other.db, up, memo{Text: "b", File: blob(t, other.db, text)})
	moved(t, p.engine, p.office.db)
	if _, err := p.newEngine(t, other, "TG-2").Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := openSite(t)
	p.enrol(t, fresh, "TG-1")
	moved(t, p.newEngine(t, fresh, "TG-1"), fresh.db)
	if got := texts(t, fresh.db, up); got != "a" {
		t.Errorf("the new box holds %q", got)
	}
	secret := blob(t, other.db, "ce que TG-2 seul a envoyé")
	put(t, other.db, up, memo{Text: "c", File: secret})
	if _, err := p.newEngine(t, other, "TG-2").Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, fresh.db, up, memo{Text: "d", File: secret})
	for range 3 {
		if _, err := p.newEngine(t, fresh, "TG-1").Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if fresh.db.HasBlob(secret.Hash) {
		t.Error("a box was given another school's file for naming it")
	}
	blob(t, fresh.db, "ce que TG-2 seul a envoyé") // the check at the end wants what own records name
	// Where the link brought the record alone, a stick gives what the link would.
	third := openSite(t)
	p.enrol(t, third, "TG-1")
	night := boxsync.Window{From: (third.clock.Time().Hour() + 2) % 24 * 60, To: (third.clock.Time().Hour() + 3) % 24 * 60}
	slow := boxsync.NewEngine(boxsync.EngineOptions{DB: third.db, Key: loadKey(t, third), Site: "TG-1", Budget: boxsync.Budget{store.Small: {Windows: []boxsync.Window{night}}}})
	for range 3 {
		if _, err := slow.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	form := blob(t, p.office.db, text)
	if got := texts(t, third.db, up); len(got) != len("a d") || third.db.HasBlob(form.Hash) {
		t.Fatalf("the third box holds %q, and the file: %v", got, third.db.HasBlob(form.Hash))
	}
	at := &boxsync.Courier{DB: p.office.db, Key: loadKey(t, p.office)}
	carried := &boxsync.Courier{DB: third.db, Key: loadKey(t, third), Site: "TG-1"}
	read(t, at, write(t, carried, "", 0)[0])
	if o := read(t, carried, write(t, at, "TG-1", 0)[0]); o.Files != 1 || !third.db.HasBlob(form.Hash) {
		t.Errorf("by stick the third box got %+v", o)
	}
	const late = "ce que TG-2 envoie plus tard"
	put(t, other.db, up, memo{Text: "f", File: blob(t, other.db, late)})
	if _, err := p.newEngine(t, other, "TG-2").Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	named := blob(t, other.db, late)
	put(t, third.db, up, memo{Text: "e", File: named})
	read(t, at, write(t, carried, "", 0)[0])
	if read(t, carried, write(t, at, "TG-1", 0)[0]); third.db.HasBlob(named.Hash) {
		t.Error("a box was given another school's file by stick for naming it")
	}
	blob(t, third.db, late)
	blob(t, third.db, "ce que TG-2 seul a envoyé")
}
