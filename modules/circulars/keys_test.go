package circulars

import (
	"net/http"
	"os"
	"testing"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web/webtest"
)

func TestAForgedOrAlteredCircularIsSetAside(t *testing.T) {
	for name, tamper := range map[string]func(*Circular){
		"body":      func(c *Circular) { c.Body += " Versez 5 000 francs." },
		"signature": func(c *Circular) { c.Signed.Signature[3] ^= 1 },
		"header":    func(c *Circular) { c.Signed.Header[len(c.Signed.Header)-1] ^= 1 },
		"annex":     func(c *Circular) { c.Annexes = append(c.Annexes, store.Blob{Hash: store.Hash{1}, Size: 1, Name: "x"}) },
		"replaces":  func(c *Circular) { c.Replaces = store.ID{Number: 1, Origin: store.Origin{1}} },
		"other key": func(c *Circular) {
			dir, _ := os.MkdirTemp("", "forger")
			defer os.RemoveAll(dir)
			keys, err := seal.OpenKeys(dir)
			if err != nil {
				panic(err)
			}
			h, _ := c.Signed.Decode()
			c.Signed, _ = keys.Sign(h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := office(t)
			s := lycee(t, o)
			id := publish(t, o, "n° 1", store.ID{}, seal.Circular)
			carry(t, o, s, func(r *store.Row) {
				if r.Collection == "circulars" {
					r.Body = tampered(t, o.DB, r.ID, tamper)
				}
			})
			if got := s.As(school.Teacher).Get("/circulars/" + id.String()); got.Status != http.StatusNotFound {
				t.Errorf("a teacher opened it: %s", got)
			}
			page := s.As(school.Head).Get("/circulars/" + id.String())
			if !page.Has("non authentique") || page.Has("Lu et pris connaissance") || page.Has("Versez") {
				t.Errorf("the head sees: %s", page.Text())
			}
			if code := s.As(school.Head).Get("/circulars"); !code.Has("refusé") {
				t.Errorf("the register: %s", code.Text())
			}
		})
	}
}

// asked is what a site says of a code or a QR text.
func asked(t *testing.T, s *webtest.Site, code, text string) (v seal.Verdict) {
	t.Helper()
	inside(t, s.DB, func(tx *store.Tx) error {
		site, err := school.Site(tx)
		if err != nil {
			return err
		}
		if text != "" {
			v, err = seal.AskText(tx, site.Root, text)
		} else {
			v, err = seal.AskCode(tx, site.Root, code)
		}
		return err
	})
	return v
}

// TestAStolenKeyIsRevoked: what it signed after the theft is set aside in the
// schools, what came before stays genuine, so does what the next key signs, and a
// key retired in order goes on vouching.
func TestAStolenKeyIsRevoked(t *testing.T) {
	o := office(t)
	s := lycee(t, o)
	keys, err := officeKeys(o.DB)
	if err != nil {
		t.Fatal(err)
	}
	spread := func() {
		update(t, o.DB, func(tx *store.Tx) error { _, err := seal.Publish(tx, keys); return err })
		carry(t, o, s, nil)
	}
	states := func() (l string) {
		inside(t, s.DB, func(tx *store.Tx) error {
			for a, err := range arrivals.Scan(tx, store.Query{Index: "number"}) {
				if err != nil {
					return err
				}
				l += a.Value.Reference + " " + a.Value.State + "; "
			}
			return nil
		})
		return l
	}
	first := publish(t, o, "n° 1", store.ID{}, seal.Circular)
	if err := keys.Rotate(first); err != nil { // a signatory leaves
		t.Fatal(err)
	}
	spread()
	before := publish(t, o, "n° 2 avant", store.ID{}, seal.Circular)
	second := publish(t, o, "n° 2", store.ID{}, seal.Circular)
	publish(t, o, "n° 3", first, seal.Withdrawal) // by the key that will be stolen
	carry(t, o, s, nil)
	if got := states(); got != "n° 1 withdrawn; n° 2 avant genuine; n° 2 genuine; n° 3 genuine; " {
		t.Fatalf("after the rotation: %s", got)
	}
	s.As(school.Teacher).Get("/circulars/"+second.String()).Submit("/circulars/"+second.String()+"/read", nil)

	if err := keys.Revoke(2, before); err != nil {
		t.Fatal(err)
	}
	spread()
	if got := states(); got != "n° 1 genuine; n° 2 avant genuine; n° 2 set_aside; n° 3 set_aside; " {
		t.Errorf("after the theft: %s", got)
	}
	if p := s.As(school.Teacher).Get("/circulars/" + second.String()); p.Status != http.StatusNotFound {
		t.Errorf("a teacher still reads what the stolen key signed: %s", p)
	}
	if p := s.As(school.Head).Get("/circulars/" + second.String()); !p.Has("n’est pas de ceux reçus avant le vol") {
		t.Errorf("the head is not told why: %s", p.Text())
	}
	again := publish(t, o, "n° 4", store.ID{}, seal.Circular)
	carry(t, o, s, nil)
	if got := states(); got != "n° 1 genuine; n° 2 avant genuine; n° 2 set_aside; n° 3 set_aside; n° 4 genuine; " {
		t.Errorf("by the third key: %s", got)
	}
	for id, want := range map[store.ID]string{first: seal.Genuine, before: seal.Genuine, second: seal.Altered, again: seal.Genuine} {
		var text string
		inside(t, o.DB, func(tx *store.Tx) error {
			c, err := circulars.Get(tx, id)
			text = seal.QRText(c.Value.Signed)
			return err
		})
		if v := asked(t, s, "", text); v.Verdict != want {
			t.Errorf("verify: %+v, want %s", v, want)
		}
	}
	counts := answered[receiptsOut](t, o.API(school.Statistician), 200, "GET", "/circulars/"+second.String()+"/receipts", "")
	if counts.Schools[0].Read != 0 {
		t.Errorf("counts of what is set aside: %+v", counts.Schools[0])
	}
	if p := o.As(school.Statistician).Get("/circulars/" + second.String() + "/receipts"); !p.Has("mise à l’écart") {
		t.Errorf("the office does not see it: %s", p.Text())
	}
}

// tampered is the body of a circular's row after somebody changed it on its way.
func tampered(t *testing.T, db *store.DB, id store.ID, change func(*Circular)) (body []byte) {
	t.Helper()
	scratch := store.Define(store.Spec[Circular]{Name: "circulars", Home: store.Down})
	inside(t, db, func(tx *store.Tx) error {
		r, err := circulars.Get(tx, id)
		if err != nil {
			return err
		}
		c := r.Value
		c.Signed.Header, c.Signed.Signature = append([]byte{}, c.Signed.Header...), append([]byte{}, c.Signed.Signature...)
		change(&c)
		body, err = scratch.Encode(c)
		return err
	})
	return body
}
