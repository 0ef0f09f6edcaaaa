package circulars

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// A register of many years is not read whole for every page. What a page needs is
// remembered until one of the collections it was made from changes.

// line is an arrival as lists walk it.
type line struct {
	arrival, circular store.ID
	deadline          string
	urgent            bool
	open              bool // genuine and not a withdrawal: asks to be read
}

// registered lists all arrivals, newest first.
func registered(c *web.Ctx, tx *store.Tx) ([]line, error) {
	return web.Remember(c, tx, "circulars.register", []string{arrivals.Name()}, func() ([]line, error) {
		return lines(tx, func(Arrival) (bool, error) { return true, nil })
	})
}

// meantFor lists the arrivals that mean a person, newest first. People with the
// same roles and class share one list.
func meantFor(c *web.Ctx, tx *store.Tx, me store.Record[school.Person]) ([]line, error) {
	key := strings.Join([]string{"circulars.meant", string(me.Value.Kind), rolesKey(me.Value.Roles), me.Value.Class.String(), me.Value.Left}, "|")
	from := []string{arrivals.Name(), circulars.Name(), forwards.Name(), school.Classes.Name()}
	return web.Remember(c, tx, key, from, func() ([]line, error) {
		return lines(tx, func(a Arrival) (bool, error) { return isFor(tx, a, me) })
	})
}

func rolesKey(roles []school.Role) string {
	list := make([]string, len(roles))
	for i, r := range roles {
		list[i] = string(r)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func lines(tx *store.Tx, keep func(Arrival) (bool, error)) (list []line, err error) {
	for a, err := range arrivals.Scan(tx, store.Query{Index: "number", Reverse: true}) {
		if err != nil {
			return nil, err
		}
		ok, err := keep(a.Value)
		if err != nil {
			return nil, err
		}
		if ok {
			open := a.Value.State == Genuine && seal.Kind(a.Value.Kind) != seal.Withdrawal
			list = append(list, line{a.ID, a.Value.Circular, a.Value.Deadline, a.Value.Urgent, open})
		}
	}
	return list, nil
}

// rowsPage is one page of a list and how long the list is.
type rowsPage struct {
	rows  []*schoolRow
	total int
}

// schoolRows is one page of the register, or of what means a person.
func schoolRows(c *web.Ctx, tx *store.Tx, me store.Record[school.Person], whole bool, query string, from int) (rowsPage, error) {
	list, err := registered(c, tx)
	if !whole && err == nil {
		list, err = meantFor(c, tx, me)
	}
	if err != nil {
		return rowsPage{}, err
	}
	if query != "" {
		return readRows(tx, list, me, whole, c.Site().Code, query, from)
	}
	key := "circulars.page|" + me.ID.String() + "|" + strconv.FormatBool(whole) + "|" + strconv.Itoa(from)
	made := []string{arrivals.Name(), circulars.Name(), forwards.Name(), school.Classes.Name(), school.People.Name(), school.Readings.Name(), receipts.Name()}
	return web.Remember(c, tx, key, made, func() (rowsPage, error) {
		return readRows(tx, list, me, whole, c.Site().Code, "", from)
	})
}

func readRows(tx *store.Tx, list []line, me store.Record[school.Person], whole bool, site, query string, from int) (p rowsPage, err error) {
	for _, l := range list {
		here := p.total >= from && p.total < from+perPage
		if query == "" && !here {
			p.total++
			continue
		}
		a, err := arrivals.Get(tx, l.arrival)
		if err != nil {
			return p, err
		}
		if !school.NameMatches(query, a.Value.Reference+" "+a.Value.Subject) {
			continue
		}
		if p.total++; !here {
			continue
		}
		row := &schoolRow{Arrival: a.Value}
		if row.Read, err = school.HasRead(tx, l.circular, me.ID); err != nil {
			return p, err
		}
		if whole {
			switch r, err := receipts.One(tx, "circular", l.circular, site); {
			case err == nil:
				row.Count, row.Counted, row.Answered, row.sent = r.Value.All, true, !r.Value.Acknowledged.IsZero(), r.Meta
			case !errors.Is(err, store.ErrNotFound):
				return p, err
			}
		}
		p.rows = append(p.rows, row)
	}
	return p, nil
}

// dueMost is how many of the most pressing are told one by one.
const dueMost = 8

// pending is one thing that a person has to do with a circular.
type pending struct {
	arrival Arrival
	key     string // words
	href    string
}

type pendings struct {
	first []pending
	more  int
}

// dueAtSchool is what a member of the school has to read, and the head to answer.
func dueAtSchool(c *web.Ctx, tx *store.Tx, me store.Record[school.Person]) (tasks []web.Task, err error) {
	list, err := meantFor(c, tx, me)
	if err != nil {
		return nil, err
	}
	reads, answers := school.May(school.Acknowledge).Allows(c.Actor()), school.May(school.AnswerOffice).Allows(c.Actor())
	made := []string{arrivals.Name(), circulars.Name(), forwards.Name(), school.Classes.Name(), school.People.Name(), school.Readings.Name(), replies.Name()}
	p, err := web.Remember(c, tx, "circulars.due|"+me.ID.String(), made, func() (pendings, error) {
		return findPending(tx, list, me.ID, reads, answers)
	})
	if err != nil {
		return nil, err
	}
	for _, x := range p.first {
		tasks = append(tasks, task(c, x.arrival, x.key, x.href))
	}
	if n := len(tasks); n > 0 {
		tasks[n-1].More = p.more
	}
	return tasks, nil
}

func findPending(tx *store.Tx, list []line, me store.ID, reads, answers bool) (p pendings, err error) {
	type one struct {
		line
		key, href string
	}
	var all []one
	for _, l := range list {
		if !l.open {
			continue
		}
		link := "/circulars/" + l.circular.String()
		done, err := school.HasRead(tx, l.circular, me)
		if err != nil {
			return p, err
		}
		switch {
		case !done && reads:
			all = append(all, one{l, "circulars.due.read", link})
		case answers:
			wanted, err := wantsReply(tx, l.circular)
			if err != nil {
				return p, err
			}
			if wanted {
				all = append(all, one{l, "circulars.due.reply", link + "/reply"})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b one) int { return pressing(a.line, b.line) })
	p.more = max(0, len(all)-dueMost)
	for _, x := range all[:min(len(all), dueMost)] {
		a, err := arrivals.Get(tx, x.arrival)
		if err != nil {
			return p, err
		}
		p.first = append(p.first, pending{a.Value, x.key, x.href})
	}
	return p, nil
}

// pressing puts what is urgent first, then the nearest deadline, and last what has
// none, as the home page does.
func pressing(a, b line) int {
	rank := func(l line) (n int) {
		if !l.urgent {
			n += 2
		}
		if l.deadline == "" {
			n++
		}
		return n
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.deadline, b.deadline))
}

// wantsReply tells whether the school still owes the office an answer.
func wantsReply(tx *store.Tx, id store.ID) (bool, error) {
	r, err := circulars.Get(tx, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || !r.Value.Reply {
		return false, err
	}
	n, err := replies.Count(tx, "circular", id)
	return n == 0, err
}
