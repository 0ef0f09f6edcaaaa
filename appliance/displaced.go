package appliance

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

const displacedPath = "/displaced"

// mayDisplaced: what was written may be anything that goes to the ministry.
var mayDisplaced = school.For(school.Head, school.Deputy)

func (x *server) displacedRoutes() []web.Route {
	return []web.Route{
		{Path: displacedPath, Access: mayDisplaced, Reads: boxsync.DisplacedNames(), Handle: x.displacedPage},
		{Method: http.MethodPost, Path: displacedPath + "/{id}/take", Access: mayDisplaced, Handle: x.settle(true)},
		{Method: http.MethodPost, Path: displacedPath + "/{id}/leave", Access: mayDisplaced, Handle: x.settle(false)},
	}
}

// displacedPage lists what a card that was put back has lost to: versions that
// another state of this box wrote.
type displacedPage struct {
	web.Base
	List []displacedRow
}

type displacedRow struct {
	boxsync.Aside
	Was, Now []string // what the versions say, in the order of their keys
}

func (x *server) displacedPage(c *web.Ctx) error {
	p, err := x.displacedNow(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, displacedView(p))
}

func (x *server) displacedNow(c *web.Ctx) (p displacedPage, err error) {
	p.Base = c.Base("appliance.displaced.title")
	var list []boxsync.Aside
	if err = c.View(func(tx *store.Tx) (err error) { list, err = boxsync.DisplacedHere(tx); return err }); err != nil {
		return p, err
	}
	for _, v := range list {
		r := displacedRow{Aside: v}
		r.Was, r.Now = bodyWords(v.Was), bodyWords(v.Now)
		p.List = append(p.List, r)
	}
	return p, nil
}

// settle takes a version again, or leaves what stands.
func (x *server) settle(take bool) web.Handler {
	return func(c *web.Ctx) error {
		id, err := c.ID("id")
		if err != nil {
			return err
		}
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			v, err := boxsync.Settle(tx, id, take)
			switch {
			case errors.Is(err, store.ErrNotFound) && v.ID == id:
				return web.Result{}, school.Refuse("appliance.displaced.deleted", "")
			case errors.As(err, new(*store.UniqueError)):
				return web.Result{}, school.Refuse("appliance.displaced.taken", "")
			case err != nil:
				return web.Result{}, err
			}
			what, flash := "site.version_left", "appliance.displaced.left"
			if take {
				what, flash = "site.version_taken", "appliance.displaced.again"
			}
			return web.Result{To: displacedPath, Flash: flash}, school.Audit(tx, c.Actor(), what, v.Was.ID, nil, v.Was.Collection)
		})
		if school.RefusalsIn(err) == nil {
			return err
		}
		p, no := x.displacedNow(c)
		if no != nil {
			return no
		}
		p.Base = p.With(err, "appliance.displaced.refused")
		return c.Render(http.StatusUnprocessableEntity, displacedView(p))
	}
}

// displacedDue is the line of the home page while a version waits for a person.
func (x *server) displacedDue(c *web.Ctx, tx *store.Tx) ([]web.Task, error) {
	if x.Kind != web.Box || !mayDisplaced.Allows(c.Actor()) {
		return nil, nil
	}
	list, err := boxsync.DisplacedHere(tx)
	if len(list) == 0 || err != nil {
		return nil, err
	}
	return []web.Task{{Label: c.T("appliance.displaced.due", "count", len(list)), Detail: c.T("appliance.displaced.due_why"), Href: displacedPath}}, nil
}

// what is the kind of a record in words.
func (p displacedPage) what(r displacedRow) string {
	return p.T("appliance.displaced.what." + r.Aside.Was.Collection)
}

// wordsMost bounds what a page shows of one version.
const wordsMost = 2000

// bodyWords are the texts and numbers of a version, in the order of its keys:
// what a person recognises it by. The kit knows no module's records.
func bodyWords(r store.Row) (list []string) {
	m := map[uint64]any{}
	if len(r.Body) == 0 || cbor.Unmarshal(r.Body, &m) != nil {
		return nil
	}
	room := wordsMost
	for _, k := range slices.Sorted(maps.Keys(m)) {
		text := ""
		switch v := m[k].(type) {
		case string:
			text = strings.TrimSpace(v)
		case uint64, int64:
			text = fmt.Sprint(v)
		}
		if text == "" || len(text) > room {
			continue
		}
		room -= len(text)
		list = append(list, text)
	}
	return list
}
