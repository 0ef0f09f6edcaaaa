package boxsync_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	boxsync "preau/sync"

	"preau/store"
	"preau/store/storetest"
)

// post is a pair without a link, and what a person carries between them.
type post struct {
	*pair
	at, school *boxsync.Courier // the office's, the box's
}

func newPost(t *testing.T) *post {
	p := &post{pair: newPair(t)}
	p.at = &boxsync.Courier{DB: p.office.db, Key: loadKey(t, p.office)}
	p.school = &boxsync.Courier{DB: p.box.db, Key: loadKey(t, p.box), Site: "TG-1"}
	return p
}

// write makes the bundles for a peer and notes them as written.
func write(t *testing.T, c *boxsync.Courier, to string, most int64) (parts [][]byte) {
	t.Helper()
	p, err := c.Plan(to, most)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Parts {
		var b bytes.Buffer
		if err := p.Write(t.Context(), &b, i+1, nil); err != nil {
			t.Fatal(err)
		}
		if most > 0 && int64(b.Len()) > most {
			t.Errorf("part %d has %d bytes, %d were asked", i+1, b.Len(), most)
		}
		parts = append(parts, b.Bytes())
	}
	if err := p.Written(); err != nil {
		t.Fatal(err)
	}
	return parts
}

func answer(t *testing.T, c *boxsync.Courier, to string) []byte {
	t.Helper()
	p, err := c.Answer(to)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Write(t.Context(), &b, 1, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(c *boxsync.Courier, raw []byte) (*boxsync.Bundle, error) {
	return c.Open(bytes.NewReader(raw), int64(len(raw)))
}

func read(t *testing.T, c *boxsync.Courier, raw []byte) boxsync.Outcome {
	t.Helper()
	b, err := open(c, raw)
	if err != nil {
		t.Fatal(err)
	}
	o, err := b.Apply(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// reason is why a bundle is refused, "" when it is not.
func reason(t *testing.T, c *boxsync.Courier, raw []byte) string {
	t.Helper()
	_, err := open(c, raw)
	var no *boxsync.BundleError
	if err != nil && !errors.As(err, &no) {
		t.Fatalf("neither taken nor refused: %v", err)
	}
	if no == nil {
		return ""
	}
	return no.Reason
}

func stateOf(t *testing.T, db *store.DB, id store.ID, site string) (s string) {
	t.Helper()
	if err := db.View(func(tx *store.Tx) error {
		p, err := store.Progress(tx, id)
		if site != "" {
			p, err = store.ProgressAt(tx, id, site)
		}
		s = p.State.String()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// many writes so many Up records.
func many(t *testing.T, db *store.DB, n int) {
	t.Helper()
	if err := db.Update(func(tx *store.Tx) error {
		for i := range n {
			if _, err := up.Add(tx, memo{Text: fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func noise(n int) string {
	r := rand.New(rand.NewChaCha8([32]byte{1}))
	b := make([]byte, n)
	for i := 0; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.Uint64())
	}
	return string(b)
}

func TestAStickCarriesWhatTheLinkWould(t *testing.T) {
	p := newPost(t)
	circular := put(t, p.office.db, down, memo{Text: "circulaire", File: blob(t, p.office.db, noise(300_000))}, "TG-1", "TG-2")
	put(t, p.office.db, down, memo{Text: "ailleurs"}, "TG-2")
	put(t, p.box.db, local, memo{Text: "secret"})
	mine := put(t, p.box.db, up, memo{Text: "accusé", File: blob(t, p.box.db, "réponse")})
	many(t, p.box.db, 2000)
	if got := stateOf(t, p.box.db, mine, ""); got != "waiting" {
		t.Errorf("before: %s", got)
	}
	up1 := write(t, p.school, "", 0)
	if got := stateOf(t, p.box.db, mine, ""); got != "sent" {
		t.Errorf("on the stick: %s", got)
	}
	down1 := write(t, p.at, "TG-1", 0)
	o := read(t, p.at, up1[0])
	if o.Records != 2001 || o.Files != 1 || o.Waiting != 0 {
		t.Errorf("the office: %+v", o)
	}
	if n := len(strings.Fields(texts(t, p.office.db, up))); n != 2001 || texts(t, p.office.db, local) != "" {
		t.Errorf("the office holds %d records", n)
	}
	if o = read(t, p.school, down1[0]); o.Records != 1 || o.Files != 1 || texts(t, p.box.db, down) != "circulaire" {
		t.Errorf("the box: %+v, %q", o, texts(t, p.box.db, down))
	}
	// The answers: each side learns what arrived.
	if o = read(t, p.school, answer(t, p.at, "TG-1")); o.Confirmed != 2001 {
		t.Errorf("the office's answer: %+v", o)
	}
	if o = read(t, p.at, answer(t, p.school, "")); o.Confirmed != 1 {
		t.Errorf("the box's answer: %+v", o)
	}
	if a, b := stateOf(t, p.box.db, mine, ""), stateOf(t, p.office.db, circular, "TG-1"); a != "at_office" || b != "at_office" {
		t.Errorf("after the answers: %s, %s", a, b)
	}
	if b := stateOf(t, p.office.db, circular, "TG-2"); b != "waiting" {
		t.Errorf("to TG-2: %s", b)
	}
	// Twice changes nothing; and the link has nothing left to do.
	if o = read(t, p.at, up1[0]); o.Records != 0 || o.Known != 2001 {
		t.Errorf("again: %+v", o)
	}
	if r := p.once(t); r.Sent+r.Received != 0 {
		t.Errorf("by link afterwards: %+v", r)
	}
	if next := write(t, p.school, "", 0); len(next[0]) > 2000 {
		t.Errorf("nothing new takes %d bytes", len(next[0]))
	}
}

func TestSticksComeInAnyOrder(t *testing.T) {
	p := newPost(t)
	put(t, p.box.db, up, memo{Text: "lundi"})
	monday := write(t, p.school, "", 0)
	put(t, p.box.db, up, memo{Text: "mardi"})
	id := put(t, p.box.db, up, memo{Text: "mercredi"})
	wednesday := write(t, p.school, "", 0)
	if o := read(t, p.at, wednesday[0]); o.Records != 3 {
		t.Errorf("wednesday's: %+v", o)
	}
	if o := read(t, p.at, monday[0]); o.Records != 0 {
		t.Errorf("monday's after it: %+v", o)
	}
	if got := texts(t, p.office.db, up); got != "lundi mardi mercredi" {
		t.Errorf("%q", got)
	}
	// Part by link, part by stick: the stick was written before, the link went on.
	if err := p.box.db.Update(func(tx *store.Tx) error { return up.Set(tx, id, memo{Text: "mercredi soir"}) }); err != nil {
		t.Fatal(err)
	}
	stick := write(t, p.school, "", 0)
	p.once(t)
	put(t, p.box.db, up, memo{Text: "jeudi"})
	p.once(t)
	if o := read(t, p.at, stick[0]); o.Records != 0 {
		t.Errorf("overtaken by the link: %+v", o)
	}
	if got := texts(t, p.office.db, up); got != "lundi mardi mercredi soir jeudi" {
		t.Errorf("%q", got)
	}
}

func TestABundleOverSeveralSticks(t *testing.T) {
	p := newPost(t)
	for i := range 6 {
		put(t, p.office.db, down, memo{Text: fmt.Sprint("f", i), File: blob(t, p.office.db, noise(200_000)+fmt.Sprint(i))}, "TG-1")
	}
	put(t, p.office.db, down, memo{Text: "long", File: blob(t, p.office.db, noise(1_000_000))}, "TG-1")
	parts := write(t, p.at, "TG-1", 700_000)
	if len(parts) < 4 {
		t.Fatalf("%d parts", len(parts))
	}
	// Each alone brings all records; files come as their sticks come.
	last := read(t, p.school, parts[len(parts)-1])
	if last.Records != 7 || last.Waiting == 0 {
		t.Errorf("the last first: %+v", last)
	}
	for range 2 {
		for _, i := range rand.Perm(len(parts)) {
			last = read(t, p.school, parts[i])
		}
	}
	for _, raw := range parts {
		last = read(t, p.school, raw)
	}
	if last.Waiting != 0 {
		t.Errorf("in the end: %+v", last)
	}
	// What a stick did not bring is asked for by the next answer.
	put(t, p.office.db, down, memo{Text: "more", File: blob(t, p.office.db, noise(900_000)+"!")}, "TG-1")
	parts = write(t, p.at, "TG-1", 700_000)
	read(t, p.school, parts[0])
	read(t, p.at, answer(t, p.school, ""))
	again := write(t, p.at, "TG-1", 0)
	if o := read(t, p.school, again[0]); o.Records != 0 || o.Files != 1 || o.Waiting != 0 {
		t.Errorf("asked for: %+v", o)
	}
	if _, err := p.at.Plan("TG-1", 10_000); !errors.As(err, new(*boxsync.BundleError)) {
		t.Errorf("a stick of 10 kB: %v", err)
	}
}

func TestABundleThatIsNotWholeOrNotOursIsRefused(t *testing.T) {
	p := newPost(t)
	put(t, p.box.db, up, memo{Text: "rapport", File: blob(t, p.box.db, noise(60_000))})
	raw := write(t, p.school, "", 0)[0]
	before, _ := p.office.db.ReceivedFeeds()
	for n := 0; n < len(raw); n += 1000 {
		if got := reason(t, p.at, raw[:n]); n > 14 && got != boxsync.Truncated || got == "" {
			t.Errorf("cut at %d: %q", n, got)
		}
	}
	if got := reason(t, p.at, append(bytes.Clone(raw), 0)); got != boxsync.Truncated {
		t.Errorf("a byte more: %q", got)
	}
	step := 997
	if os.Getenv("PREAU_NIGHT") != "" {
		step = 7
	}
	for i := 0; i < len(raw); i += step {
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if got := reason(t, p.at, bad); got == "" {
			t.Errorf("byte %d of %d altered: taken", i, len(raw))
		}
	}
	for i, line := 0, bytes.IndexByte(raw[15:], '\n'); i < 15+line+300; i++ { // the clear part and age's header
		bad := bytes.Clone(raw)
		bad[i] ^= 1
		if got := reason(t, p.at, bad); got == "" {
			t.Errorf("byte %d altered: taken", i)
		}
	}
	other := openSite(t)
	p.enrol(t, other, "TG-2")
	there := &boxsync.Courier{DB: other.db, Key: loadKey(t, other), Site: "TG-2"}
	for what, got := range map[string][2]string{
		"at the box itself":    {reason(t, p.school, raw), boxsync.OwnBundle},
		"another school's":     {reason(t, there, write(t, p.at, "TG-1", 0)[0]), boxsync.ForOther},
		"for an earlier key":   {reason(t, &boxsync.Courier{DB: p.box.db, Key: loadKey(t, other), Site: "TG-1"}, write(t, p.at, "TG-1", 0)[0]), boxsync.ForOld},
		"nothing of the kind":  {reason(t, p.at, []byte("une lettre")), boxsync.NoBundle},
		"nothing":              {reason(t, p.at, nil), boxsync.NoBundle},
		"by another's key":     {reason(t, p.at, write(t, &boxsync.Courier{DB: p.box.db, Key: loadKey(t, other), Site: "TG-1"}, "", 0)[0]), boxsync.Altered},
		"by a stranger":        {reason(t, p.at, write(t, &boxsync.Courier{DB: p.box.db, Key: loadKey(t, openSite(t)), Site: "TG-1"}, "", 0)[0]), boxsync.Unknown},
		"an office not pinned": {reason(t, p.school, write(t, &boxsync.Courier{DB: p.office.db, Key: loadKey(t, other)}, "TG-1", 0)[0]), boxsync.Unknown},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %q, want %q", what, got[0], got[1])
		}
	}
	after, _ := p.office.db.ReceivedFeeds()
	if fmt.Sprint(before) != fmt.Sprint(after) || texts(t, p.office.db, up) != "" {
		t.Error("a refused bundle changed something")
	}
	if err := p.office.db.Update(func(tx *store.Tx) error { _, err := boxsync.Revoke(tx, "TG-1"); return err }); err != nil {
		t.Fatal(err)
	}
	if got := reason(t, p.at, raw); got != boxsync.Revoked {
		t.Errorf("of a revoked box: %q", got)
	}
}

// copyOf is the folder of a site as a copied card would hold it now.
func copyOf(t *testing.T, s site) site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	return site{storetest.OpenAt(t, dir, clock, append(boxsync.Collections(), up, down, local)...), dir, clock}
}

func TestACopiedCardIsTold(t *testing.T) {
	p := newPost(t)
	put(t, p.box.db, up, memo{Text: "avant"})
	read(t, p.at, write(t, p.school, "", 0)[0])
	read(t, p.school, answer(t, p.at, "TG-1"))
	twin := copyOf(t, p.box)
	second := &boxsync.Courier{DB: twin.db, Key: loadKey(t, twin), Site: "TG-1"}
	put(t, p.box.db, up, memo{Text: "la boîte"})
	put(t, twin.db, up, memo{Text: "la copie"})
	put(t, twin.db, up, memo{Text: "la copie encore"})
	forked := write(t, second, "", 0)[0]
	read(t, p.at, write(t, p.school, "", 0)[0])
	if got := reason(t, p.at, forked); got != boxsync.CopySent {
		t.Errorf("the copy's bundle: %q", got)
	}
	if got := texts(t, p.office.db, up); got != "avant la boîte" {
		t.Errorf("the office holds %q", got)
	}
	// The office's next stick tells the copy what it is: it goes on under a new
	// origin, and what it wrote is its own.
	put(t, p.office.db, down, memo{Text: "circulaire"}, "TG-1")
	stick := write(t, p.at, "TG-1", 0)[0]
	if o := read(t, p.school, stick); o.Reborn {
		t.Errorf("at the box: %+v", o)
	}
	if o := read(t, second, stick); !o.Reborn || texts(t, twin.db, down) != "circulaire" {
		t.Errorf("at the copy: %+v", o)
	}
	if o := read(t, second, stick); o.Reborn {
		t.Errorf("at the copy again: %+v", o)
	}
	if o := read(t, p.at, write(t, second, "", 0)[0]); o.Records != 2 {
		t.Errorf("what the copy wrote: %+v", o)
	}
}

func TestAnImportThatIsCutOffGoesOn(t *testing.T) {
	p := newPost(t)
	many(t, p.box.db, 3000)
	put(t, p.box.db, up, memo{Text: "gros", File: blob(t, p.box.db, noise(900_000))})
	raw := write(t, p.school, "", 0)[0]
	b, err := open(p.at, raw)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := b.Apply(ctx, func(n int64) {
		if n > 300_000 {
			cancel()
		}
	}); err == nil {
		t.Fatal("not cut")
	}
	if o := read(t, p.at, raw); o.Known != 3001 || o.Files != 1 || o.Waiting != 0 {
		t.Errorf("again: %+v", o)
	}
}

func TestAfterARestoreTheOfficeIsSentAllAgain(t *testing.T) {
	p := newPost(t)
	put(t, p.box.db, up, memo{Text: "a"})
	old := copyOf(t, p.office) // as a restored backup would be
	read(t, p.at, write(t, p.school, "", 0)[0])
	read(t, p.school, answer(t, p.at, "TG-1"))
	put(t, p.box.db, up, memo{Text: "b"})
	restored := &boxsync.Courier{DB: old.db, Key: loadKey(t, p.office)}
	if got := reason(t, restored, write(t, p.school, "", 0)[0]); got != boxsync.LeavesOut {
		t.Errorf("%q", got)
	}
	put(t, old.db, local, memo{Text: "x"}) // the answer below is newer than the one before
	put(t, old.db, local, memo{Text: "y"})
	p.box.clock.Add(1e9)
	read(t, p.school, answer(t, restored, "TG-1"))
	if o := read(t, restored, write(t, p.school, "", 0)[0]); o.Records != 2 {
		t.Errorf("%+v", o)
	}
}
