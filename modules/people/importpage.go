package people

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"preau/modules/people/intake"
	"preau/modules/people/roll"
	"preau/school"
	"preau/school/sheet"
	"preau/store"
	"preau/web"
)

// importsPage sends a list, and shows those that were taken.
type importsPage struct {
	web.Base
	Kind   string
	Done   []importLine
	Undone bool
}

type importLine struct {
	ID      store.ID
	Kind    school.Kind
	Name    string // of the file
	Who     string
	At      time.Time
	Added   int
	Changed int
	State   intake.State
	Last    bool // the newest one applied: it can be undone here
}

// shownImports is how many lists the page remembers.
const shownImports = 10

func newImportsPage(c *web.Ctx, kind string) (importsPage, error) {
	p := importsPage{Base: base(c, "people.import.title"), Kind: kind}
	p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
	err := c.View(func(tx *store.Tx) error {
		for r, err := range intake.Imports.Scan(tx, store.Query{Reverse: true}) {
			if err != nil {
				return err
			}
			if r.Value.State == intake.Proposed {
				continue
			}
			p.Done = append(p.Done, importLine{
				ID: r.ID, Kind: r.Value.Kind, Name: r.Value.Name, Who: r.Value.WhoName, At: r.Time,
				Added: len(r.Value.AddedIDs), Changed: len(r.Value.ChangedID), State: r.Value.State,
			})
			if len(p.Done) >= shownImports {
				break
			}
		}
		for i := range p.Done {
			if p.Done[i].State == intake.Applied {
				p.Done[i].Last = true
				break
			}
		}
		return nil
	})
	return p, err
}

func showImports(c *web.Ctx) error {
	kind := c.Query("kind")
	if kind != string(school.Staff) {
		kind = string(school.PupilKind)
	}
	p, err := newImportsPage(c, kind)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, importsView(p))
}

// sendList takes a file, reads it to its end, and keeps it as a proposal.
func sendList(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	kind := school.Kind(f.Get("kind"))
	if err == nil {
		err = propose(c, f, kind)
	}
	if c.Refused(err) {
		p, err := newImportsPage(c, string(kind))
		if err != nil {
			return err
		}
		p.Refused = p.T("people.import.refused")
		return c.Render(http.StatusUnprocessableEntity, importsView(p))
	}
	return err
}

func propose(c *web.Ctx, f *web.Form, kind school.Kind) error {
	if kind != school.PupilKind && kind != school.Staff {
		return school.Refuse("people.import.refused.kind", "kind")
	}
	up, ok := f.File("file")
	if !ok {
		return school.Refuse("people.import.refused.no_file", "file")
	}
	if _, err := readBlob(c.DB(), up.Blob, kind, nil); err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		if err := dropOld(tx, c.Actor().ID); err != nil {
			return web.Result{}, err
		}
		id, err := intake.Imports.Add(tx, intake.Import{
			Kind: kind, State: intake.Proposed, Name: up.Name, File: up.Blob, Who: c.Actor().ID, WhoName: c.Actor().Name,
		})
		return web.Result{To: "/admin/import/" + id.String()}, err
	})
}

// dropOld forgets the person's earlier proposals: one list at a time.
func dropOld(tx *store.Tx, who store.ID) error {
	var old []store.ID
	for r, err := range intake.Imports.Where(tx, "state", string(intake.Proposed)) {
		if err != nil {
			return err
		}
		if r.Value.Who == who {
			old = append(old, r.ID)
		}
	}
	for _, id := range old {
		if err := intake.Imports.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

func readBlob(db *store.DB, b store.Blob, kind school.Kind, choice *roll.Choice) (*list, error) {
	f, err := db.OpenBlob(b.Hash)
	if err != nil {
		return nil, fmt.Errorf("read the list sent: %w", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, sheet.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the list sent: %w", err)
	}
	return readList(db, data, kind, choice)
}

// proposal is the import of the address; only who sent it sees it before it is
// applied, and everybody who may import afterwards.
func proposal(c *web.Ctx) (r store.Record[intake.Import], err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, err
	}
	err = c.View(func(tx *store.Tx) error {
		r, err = intake.Imports.Get(tx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && r.Value.State == intake.Proposed && r.Value.Who != c.Actor().ID {
		return r, c.NotFound()
	}
	return r, err
}

func choiceOf(in *intake.Import) *roll.Choice {
	if len(in.Columns) == 0 {
		return nil
	}
	ch := &roll.Choice{Sheet: in.Sheet, Heading: in.Heading}
	for _, f := range in.Columns {
		ch.Columns = append(ch.Columns, roll.Field(f))
	}
	return ch
}

func dropImport(c *web.Ctx) error {
	r, err := proposal(c)
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		now, err := intake.Imports.Get(tx, r.ID)
		if err == nil && now.Value.State == intake.Proposed {
			err = intake.Imports.Delete(tx, r.ID)
		}
		return web.Result{To: "/admin/import", Flash: "people.import.flash.dropped"}, err
	})
}

func undoImport(c *web.Ctx) error {
	r, err := proposal(c)
	if err != nil {
		return err
	}
	err = c.Post(func(tx *store.Tx) (web.Result, error) {
		if err := intake.Undo(tx, c.Actor(), r.ID); err != nil {
			return web.Result{}, err
		}
		return web.Result{To: "/admin/import", Flash: "people.import.flash.undone", FlashArgs: map[string]any{
			"added": len(r.Value.AddedIDs), "changed": len(r.Value.ChangedID),
		}}, nil
	})
	if c.Refused(err) {
		p, err := newImportsPage(c, string(r.Value.Kind))
		if err != nil {
			return err
		}
		p.Refused = p.T("people.import.refused.undo")
		return c.Render(http.StatusUnprocessableEntity, importsView(p))
	}
	return err
}
