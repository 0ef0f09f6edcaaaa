package rooms

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// sheet is what was printed for a class: one-time PINs, or cards. What stands on
// it is derived from the nonce and the site's pepper, so it can be shown again for
// a while and no PIN is stored in clear.
type sheet struct {
	Class  store.ID   `cbor:"1,keyasint,omitzero"`
	Cards  bool       `cbor:"2,keyasint,omitempty"`
	Nonce  []byte     `cbor:"3,keyasint,omitempty"`
	People []store.ID `cbor:"4,keyasint,omitempty"`
	By     store.ID   `cbor:"5,keyasint,omitzero"`
	At     time.Time  `cbor:"6,keyasint,omitzero"`
}

var sheets = store.Define(store.Spec[sheet]{Name: "rooms.sheets", Home: store.Scratch, Format: 1})

// showSheetFor is how long a sheet can be shown again: a jammed printer, a second
// look. Later it is gone, and printing again makes new ones.
const showSheetFor = 30 * time.Minute

// askPage says what a sheet will do, before it does it.
type askPage struct {
	web.Base
	ID      store.ID
	Class   string
	Cards   bool
	All     int
	Without int // who has no PIN (card) yet, or only a one-time one
	Who     string
}

func askPINs(c *web.Ctx) error  { return ask(c, false) }
func askCards(c *web.Ctx) error { return ask(c, true) }

func ask(c *web.Ctx, cards bool) error {
	p, err := newAskPage(c, cards, "without")
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, askView(p))
}

// classToPrint is the class of the address, for who may print its secrets.
func classToPrint(c *web.Ctx, tx *store.Tx) (k store.Record[school.Class], err error) {
	id, err := c.ID("id")
	if err != nil {
		return k, err
	}
	if k, err = school.Classes.Get(tx, id); err != nil {
		return k, c.NotFound()
	}
	if c.Actor().Is(school.Head, school.Deputy, school.Supervisor) {
		return k, nil
	}
	taught, err := school.Roster.Teaches(tx, c.Actor().ID, id)
	if err == nil && !taught {
		err = c.NotFound()
	}
	return k, err
}

// wanting lists the pupils of a class who have nothing lasting yet, or all.
func wanting(tx *store.Tx, class store.ID, cards, all bool) (list []store.Record[school.Person], err error) {
	pupils, err := school.Roster.Pupils(tx, class)
	if err != nil || all {
		return pupils, err
	}
	for _, p := range pupils {
		has := false
		if cards {
			_, err := school.Cards.One(tx, "person", p.ID)
			if has = err == nil; err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
		} else {
			if has, err = school.HasSecret(tx, p.ID); err != nil {
				return nil, err
			}
			if once, err := school.MustChange(tx, p.ID); err != nil {
				return nil, err
			} else if once {
				has = false
			}
		}
		if !has {
			list = append(list, p)
		}
	}
	return list, nil
}

func newAskPage(c *web.Ctx, cards bool, who string) (p askPage, err error) {
	p = askPage{Cards: cards, Who: who}
	err = c.View(func(tx *store.Tx) error {
		k, err := classToPrint(c, tx)
		if err != nil {
			return err
		}
		p.ID, p.Class = k.ID, k.Value.Label
		all, err := wanting(tx, k.ID, cards, true)
		if err != nil {
			return err
		}
		some, err := wanting(tx, k.ID, cards, false)
		p.All, p.Without = len(all), len(some)
		return err
	})
	if err != nil {
		return p, err
	}
	if p.Without == 0 {
		p.Who = "all"
	}
	p.Base = c.Base(p.key("title"), "class", p.Class)
	p.Back = web.Link{Label: p.Class, Href: "/people/classes/" + p.ID.String()}
	p.Refused = p.T("rooms.sheet.refused")
	return p, nil
}

// key chooses between the words for PINs and for cards.
func (p *askPage) key(word string) string {
	if p.Cards {
		return "rooms.cards." + word
	}
	return "rooms.pins." + word
}

func (p *askPage) options() []web.Option {
	list := []web.Option{{Value: "without", Label: p.T(p.key("without"), "count", p.Without)}, {Value: "all", Label: p.T(p.key("all"), "count", p.All), Hint: p.T(p.key("all.hint"))}}
	if p.Without == 0 {
		return list[1:]
	}
	return list
}

func makePINs(c *web.Ctx) error  { return makeSheet(c, false) }
func makeCards(c *web.Ctx) error { return makeSheet(c, true) }

func makeSheet(c *web.Ctx, cards bool) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	if err == nil {
		err = printFor(c, cards, f.Get("who"))
	}
	if c.Refused(err) {
		p, err := newAskPage(c, cards, f.Get("who"))
		if err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, askView(p))
	}
	return err
}

// printFor draws new PINs or cards for a class and leads to the sheet.
func printFor(c *web.Ctx, cards bool, who string) error {
	s := sheet{Cards: cards, Nonce: school.SheetNonce(), By: c.Actor().ID}
	err := c.View(func(tx *store.Tx) error {
		k, err := classToPrint(c, tx)
		if err != nil {
			return err
		}
		s.Class, s.People = k.ID, nil
		list, err := wanting(tx, k.ID, cards, who == "all")
		for _, p := range list {
			s.People = append(s.People, p.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(s.People) == 0 {
		return school.Refuse("rooms.refused.nobody", "who")
	}
	secrets := make([]string, len(s.People)) // hashes, or texts of cards
	for i, id := range s.People {
		if cards {
			secrets[i], err = school.SheetCard(c.DB(), s.Nonce, id)
		} else {
			var pin string
			if pin, err = school.SheetPIN(c.DB(), s.Nonce, id); err == nil {
				secrets[i], err = school.HashPIN(c.Request().Context(), c.DB(), id, pin)
			}
		}
		if err != nil {
			return err
		}
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		if _, err := classToPrint(c, tx); err != nil {
			return web.Result{}, err
		}
		if err := forgetSheets(tx, s.By); err != nil {
			return web.Result{}, err
		}
		s.At, _ = tx.Now()
		id, err := sheets.Add(tx, s)
		if err != nil {
			return web.Result{}, err
		}
		for i, person := range s.People {
			if cards {
				err = school.SetCard(tx, person, secrets[i])
			} else {
				err = giveOneTime(tx, person, secrets[i])
			}
			if err != nil {
				return web.Result{}, err
			}
		}
		action := "rooms.sheet"
		if cards {
			action = "rooms.cards"
		}
		err = school.Audit(tx, c.Actor(), action, s.Class, nil, len(s.People))
		return web.Result{To: "/rooms/sheets/" + id.String()}, err
	})
}

// forgetSheets drops the sheets that are over, and the maker's earlier ones.
func forgetSheets(tx *store.Tx, by store.ID) error {
	now, _ := tx.Now()
	var old []store.ID
	for r, err := range sheets.All(tx) {
		if err != nil {
			return err
		}
		if r.Value.By == by || now.Sub(r.Value.At) > showSheetFor {
			old = append(old, r.ID)
		}
	}
	for _, id := range old {
		if err := sheets.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// sheetPage prints on A4: one slip, or card, a pupil.
type sheetPage struct {
	web.Base
	Class string
	Cards bool
	Slips []slip
	Doors []string
	QR    string // of a door, drawn
	Until string
}

type slip struct {
	Name   string
	Secret string // PIN in two groups; "" when it was changed meanwhile
	QR     string
}

func showSheet(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var p sheetPage
	p.Doors, p.QR = doors(c)
	var s sheet
	names := map[store.ID]string{}
	changed := map[store.ID]bool{}
	err = c.View(func(tx *store.Tx) error {
		r, err := sheets.Get(tx, id)
		now, _ := tx.Now()
		if err != nil || r.Value.By != c.Actor().ID || now.Sub(r.Value.At) > showSheetFor || r.Value.At.After(now.Add(time.Minute)) {
			return c.NotFound()
		}
		s = r.Value
		k, err := school.Classes.Get(tx, s.Class)
		if err != nil {
			return c.NotFound()
		}
		p.Class, p.Cards = k.Value.Label, s.Cards
		if p.Cards { // no square among the cards that is none
			p.QR = ""
		}
		for _, id := range s.People {
			who, err := school.People.Get(tx, id)
			if err != nil {
				continue
			}
			names[id] = who.Value.Name()
			once, err := school.MustChange(tx, id)
			if err != nil {
				return err
			}
			changed[id] = !once && !s.Cards
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range s.People {
		x := slip{Name: names[id]}
		switch {
		case x.Name == "":
			continue
		case changed[id]:
		case s.Cards:
			text, err := school.SheetCard(c.DB(), s.Nonce, id)
			if err != nil {
				return err
			}
			x.QR = seal.QRSVG(text, 22)
		default:
			pin, err := school.SheetPIN(c.DB(), s.Nonce, id)
			if err != nil {
				return err
			}
			x.Secret = pin[:3] + " " + pin[3:]
		}
		p.Slips = append(p.Slips, x)
	}
	slices.SortStableFunc(p.Slips, func(a, b slip) int { return school.CompareNames(a.Name, b.Name) })
	ask := askPage{Cards: s.Cards}
	p.Base = c.Base(ask.key("sheet"), "class", p.Class)
	p.Back = web.Link{Label: p.Class, Href: "/people/classes/" + s.Class.String()}
	p.Until = p.Moment(s.At.Add(showSheetFor))
	return c.Render(http.StatusOK, sheetView(p))
}
