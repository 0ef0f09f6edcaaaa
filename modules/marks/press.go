package marks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"preau/appliance"
	"preau/modules/marks/bulletin"
	"preau/school"
	"preau/store"
	"preau/web"
)

// press is one printing of a whole school's bulletins into one file. It is work
// of a job, not of a request: two thousand pages take longer than a browser waits,
// and who asked sees how far it is and can stop it. After a power cut it begins
// again.
type press struct {
	Year   string       `cbor:"1,keyasint,omitempty"`
	Period int          `cbor:"2,keyasint,omitempty"`
	By     store.ID     `cbor:"3,keyasint,omitzero"`
	Name   string       `cbor:"4,keyasint,omitempty"` // of who asked, for the foot of each page
	Began  time.Time    `cbor:"5,keyasint,omitempty"`
	Done   int          `cbor:"6,keyasint,omitempty"` // pages drawn
	Of     int          `cbor:"7,keyasint,omitempty"`
	Ended  string       `cbor:"8,keyasint,omitempty"` // pressReady, pressStopped, pressFailed, "" while it works
	File   []store.Blob `cbor:"9,keyasint,omitempty"`
}

// How a printing ends.
const (
	pressReady   = "ready"
	pressStopped = "stopped"
	pressFailed  = "failed"
)

var presses = store.Define(store.Spec[press]{Name: "marks.presses", Home: store.Scratch, Format: 1})

// pressJob prints what was asked for.
var pressJob = appliance.Job{Name: "marks.press", At: []web.Kind{web.Box}, Watch: []string{presses.Name()}, Run: runPresses}

func runPresses(ctx context.Context, r *appliance.Running) error {
	var waiting []store.Record[press]
	if err := r.DB.View(func(tx *store.Tx) error {
		waiting = nil
		for p, err := range presses.All(tx) {
			if err != nil {
				return err
			}
			if p.Value.Ended == "" {
				waiting = append(waiting, p)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, p := range waiting {
		switch err := run(ctx, r, p); {
		case ctx.Err() != nil:
			return nil // begun again at the next start
		case errors.Is(err, errStopped):
		case err != nil:
			r.Log.Warn("bulletins of the school", "cause", err)
			if err := advance(r.DB, p.ID, func(v *press) { v.Ended = pressFailed }); err != nil {
				return err
			}
		}
	}
	return nil
}

var errStopped = errors.New("marks: the printing was stopped")

// tellEvery is after how many pages the page that waits is told.
const tellEvery = 50

// mostPrinted bounds the file of a school's bulletins.
const mostPrinted = 64 << 20

func run(ctx context.Context, r *appliance.Running, p store.Record[press]) error {
	ids, err := toPrint(r.DB, p.Value)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return fmt.Errorf("no bulletin of %s, period %d", p.Value.Year, p.Value.Period)
	}
	if err := advance(r.DB, p.ID, func(v *press) { v.Done, v.Of = 0, len(ids) }); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out, in := io.Pipe()
	go func() {
		in.CloseWithError(bulletin.Write(ctx, in, "Bulletins "+p.Value.Year, stored(r, p.Value, ids), func(n int) {
			if n%tellEvery != 0 {
				return
			}
			if err := advance(r.DB, p.ID, func(v *press) { v.Done = n }); err != nil {
				stop(err)
			}
		}))
	}()
	hash, size, err := r.DB.PutBlob(out, mostPrinted)
	if err != nil {
		out.CloseWithError(err) // ends who draws
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	return advance(r.DB, p.ID, func(v *press) {
		v.Ended, v.Done = pressReady, len(ids)
		v.File = []store.Blob{{Hash: hash, Size: size, Name: "bulletins-" + v.Year + "-" + fmt.Sprint(v.Period) + ".pdf", Type: "application/pdf"}}
	})
}

// advance changes a printing that still works; errStopped when somebody has
// stopped it.
func advance(db *store.DB, id store.ID, change func(*press)) error {
	return db.Update(func(tx *store.Tx) error {
		p, err := presses.Get(tx, id)
		if err != nil || p.Value.Ended != "" {
			return errors.Join(errStopped, err)
		}
		change(&p.Value)
		return presses.Set(tx, id, p.Value)
	})
}

// toPrint are the bulletins of a period that count, class after class.
func toPrint(db *store.DB, p press) (ids []store.ID, err error) {
	err = db.View(func(tx *store.Tx) error {
		ids = nil
		classes, err := school.Roster.ClassesOf(tx, p.Year)
		if err != nil {
			return err
		}
		for _, c := range classes {
			list, err := issuedOf(tx, c.ID, p.Period)
			if err != nil {
				return err
			}
			for _, b := range list {
				ids = append(ids, b.ID)
			}
		}
		return nil
	})
	return ids, err
}

// stored reads one snapshot after the other, so that a school does not stand in
// memory at once.
func stored(r *appliance.Running, p press, ids []store.ID) func(yield func(bulletin.Page, error) bool) {
	by := r.Words.T(papersIn, "web.printed_by", "time", web.FormatDateTime(papersIn, p.Began), "name", p.Name)
	return func(yield func(bulletin.Page, error) bool) {
		for _, id := range ids {
			var b store.Record[issued]
			err := r.DB.View(func(tx *store.Tx) (err error) { b, err = bulletins.Get(tx, id); return err })
			page := b.Value.paper(r.DB)
			page.Printed = by
			if !yield(page, err) {
				return
			}
		}
	}
}

// schoolPage lists the classes of a period with their bulletins.
type schoolPage struct {
	web.Base
	Periods []periodLink
	Number  int
	Year    string
	Rows    []schoolRow
	Issued  int
	Press   *store.Record[press]
	Elapsed string
}

type schoolRow struct {
	Class          store.ID
	Label          string
	Issued, Pupils int
}

func schoolPath(period int) string { return fmt.Sprintf("/marks/bulletins?period=%d", period) }

func showSchool(c *web.Ctx) error {
	p, err := readSchool(c)
	if err != nil {
		return err
	}
	if p.Press != nil && p.Press.Value.Ended == "" {
		c.Refresh(2 * time.Second)
	}
	return c.Render(http.StatusOK, schoolView(p))
}

func readSchool(c *web.Ctx) (p schoolPage, err error) {
	p.Base = c.Base("marks.school.title")
	p.Back = web.Link{Label: p.T("marks.home.title"), Href: "/marks"}
	number := c.Query("period")
	err = c.View(func(tx *store.Tx) error {
		p.Rows, p.Periods, p.Press, p.Issued = nil, nil, nil, 0
		y, err := school.CurrentYear(tx)
		if err != nil {
			return nil // no year yet, nothing to list
		}
		p.Year = y.Label
		classes, err := school.Roster.ClassesOf(tx, y.Label)
		if err != nil || len(classes) == 0 {
			return err
		}
		t, err := readClass(tx, classes[0].ID, 0)
		if err != nil {
			return err
		}
		p.Number = t.Period.Number
		for _, q := range periodsOf(t.Pack, y, t.Class.Value.Level) {
			p.Periods = append(p.Periods, periodLink{q.Number, q.Name})
			if fmt.Sprint(q.Number) == number {
				p.Number = q.Number
			}
		}
		for _, class := range classes {
			list, err := issuedOf(tx, class.ID, p.Number)
			if err != nil {
				return err
			}
			pupils, err := school.Roster.Pupils(tx, class.ID)
			if err != nil {
				return err
			}
			p.Rows = append(p.Rows, schoolRow{class.ID, class.Value.Label, len(list), len(pupils)})
			p.Issued += len(list)
		}
		for x, err := range presses.Scan(tx, store.Query{Reverse: true}) {
			if err != nil {
				return err
			}
			if x.Value.By == c.Actor().ID && x.Value.Year == p.Year && x.Value.Period == p.Number {
				p.Press = &x
				break
			}
		}
		return nil
	})
	if p.Press != nil {
		p.Elapsed = p.Ago(p.Press.Value.Began)
	}
	return p, err
}

// printSchool asks for the file, or stops the one that is being made.
func printSchool(c *web.Ctx) error {
	p, err := readSchool(c)
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		to := web.Result{To: schoolPath(p.Number)}
		if p.Press != nil && p.Press.Value.Ended == "" {
			v := p.Press.Value
			v.Ended = pressStopped
			to.Flash = "marks.school.flash.stopped"
			return to, presses.Set(tx, p.Press.ID, v)
		}
		if p.Issued == 0 {
			return web.Result{}, school.Refuse("marks.school.refused.none", "")
		}
		now, _ := tx.Now()
		_, err := presses.Add(tx, press{Year: p.Year, Period: p.Number, By: c.Actor().ID, Name: c.Actor().Name, Began: now, Of: p.Issued})
		return to, err
	})
}

// fetchSchool sends the finished file to who asked for it.
func fetchSchool(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	var p store.Record[press]
	err = c.View(func(tx *store.Tx) (err error) { p, err = presses.Get(tx, id); return err })
	if errors.Is(err, store.ErrNotFound) || err == nil && (p.Value.By != c.Actor().ID || len(p.Value.File) == 0) {
		return c.NotFound()
	}
	if err != nil {
		return err
	}
	return c.SendBlob(p.Value.File[0])
}
