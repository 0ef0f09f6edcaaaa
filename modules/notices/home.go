package notices

import (
	"errors"
	"slices"
	"strings"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

// due is what a person has to acknowledge, and what waits for the proviseur to sign
// or for the censeur to finish.
func due(c *web.Ctx, tx *store.Tx) (tasks []web.Task, err error) {
	if c.Kind() != web.Box {
		return nil, nil
	}
	if school.May(school.WriteNotices).Allows(c.Actor()) {
		if tasks, err = dueDrafts(c, tx); err != nil {
			return nil, err
		}
	}
	who, err := readerOf(c, tx)
	if err != nil {
		return nil, err
	}
	list, err := register(c, tx)
	if err != nil {
		return nil, err
	}
	day := today(tx)
	for i := range list {
		l := &list[i]
		if !l.asks(day) || !who.meant(l) {
			continue
		}
		read, err := school.HasRead(tx, l.id, who.me.ID)
		if err != nil {
			return nil, err
		}
		if read {
			continue
		}
		t := web.Task{Date: l.until, Href: "/notices/" + l.id.String(), Label: c.T("notices.due.read", "subject", l.subject), Detail: c.T(kindWord(l.kind)) + " " + l.reference}
		t.Days = daysTo(l.until, day)
		tasks = append(tasks, t)
	}
	return tasks, nil
}

func dueDrafts(c *web.Ctx, tx *store.Tx) (tasks []web.Task, err error) {
	signs := school.May(school.SignNotices).Allows(c.Actor())
	list, err := openDrafts(tx)
	for _, d := range list {
		at := "/notices/drafts/" + d.ID.String()
		switch {
		case signs && !d.Writing:
			tasks = append(tasks, web.Task{Href: at + "/sign", Urgent: true, Label: c.T("notices.due.sign." + string(d.Kind)), Detail: d.Subject + " · " + d.Author})
		case d.Writing && d.Remark != "" && !signs:
			tasks = append(tasks, web.Task{Href: at, Urgent: true, Label: c.T("notices.due.correct"), Detail: d.Subject + " · " + d.Remark})
		case d.Writing && d.By == c.Actor().ID:
			tasks = append(tasks, web.Task{Href: at, Label: c.T("notices.due.finish"), Detail: d.Subject})
		}
	}
	return tasks, err
}

// daysTo counts the days from one to another, 0 without the other.
func daysTo(until, day string) int {
	a, err1 := time.Parse(time.DateOnly, day)
	b, err2 := time.Parse(time.DateOnly, until)
	if err1 != nil || err2 != nil {
		return 0
	}
	return int(b.Sub(a) / (24 * time.Hour))
}

// boardMost is how many notices the home page names one by one.
const boardMost = 5

// board is what is posted for a person, the newest first: what is still to be
// acknowledged stands among what is due instead.
func board(c *web.Ctx, tx *store.Tx) (posted []web.Task, err error) {
	if c.Kind() != web.Box {
		return nil, nil
	}
	who, err := readerOf(c, tx)
	if err != nil {
		return nil, err
	}
	list, err := register(c, tx)
	if err != nil {
		return nil, err
	}
	day, more := today(tx), 0
	list = slices.DeleteFunc(slices.Clone(list), func(l line) bool { return l.state(day) != Current || !who.meant(&l) })
	slices.SortStableFunc(list, func(a, b line) int { return strings.Compare(b.from, a.from) })
	for i := range list {
		l := &list[i]
		if l.ack {
			read, err := school.HasRead(tx, l.id, who.me.ID)
			if err != nil {
				return nil, err
			}
			if !read {
				continue
			}
		}
		if len(posted) == boardMost {
			more++
			continue
		}
		posted = append(posted, web.Task{Date: l.from, Href: "/notices/" + l.id.String(), Label: l.subject, Detail: c.T(kindWord(l.kind)) + " " + l.reference})
	}
	if more > 0 {
		posted[len(posted)-1].More = more
	}
	return posted, nil
}

// holds are the notices that a person has acknowledged, and when.
func holds(c *web.Ctx, tx *store.Tx, person store.Record[school.Person]) ([]appliance.Held, error) {
	b := c.Base("notices.list.title")
	part := appliance.Held{Title: b.Title, Head: []string{b.T("notices.col.subject"), b.T("notices.col.read")}}
	for r, err := range school.Readings.Where(tx, "person", person.ID) {
		if err != nil {
			return nil, err
		}
		n, err := notices.Get(tx, r.Value.Document)
		if errors.Is(err, store.ErrNotFound) {
			continue // a document of another kind
		}
		if err != nil {
			return nil, err
		}
		part.Rows = append(part.Rows, []string{n.Value.Reference + " · " + n.Value.Text.Subject, b.DateTime(r.Value.At)})
	}
	return []appliance.Held{part}, nil
}
