// Package intake compares a list that was read with the roster, says what
// would change, does it in the caller's transaction, and undoes it.
//
// It promises that nobody is deleted for standing in no list, that an empty
// cell empties nothing, that a list compared with the roster it made changes
// nothing, and that undoing never overwrites what people did since: it names
// them instead. Rights that a list would give are given only when the one who
// imports may give them.
package intake

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/store"
)

// Options of Compare.
type Options struct {
	Kind school.Kind
	Pack *packs.Pack
	// Grant lets the list give and change the roles of staff. Without it people
	// are added as teachers at most, and nobody's roles change.
	Grant bool
}

// Change is one value of one person, as shown.
type Change struct {
	Field    string // a name of DOORS, or birth_place, phone …
	From, To string
}

// Changed is a person on the roster whom the list knows otherwise.
type Changed struct {
	ID      store.ID
	Entry   roll.Entry
	Name    string // as it stands on the roster
	Changes []Change
	after   school.Person
	class   string // key of the class to be in, "" no change
}

// Missing is a person on the roster whom the list does not name.
type Missing struct {
	ID    store.ID
	Name  string
	Class string
}

// NewClass is a class that the list names first.
type NewClass struct {
	Label, Level, Series string
	key                  string
}

// Added is somebody whom the list names first.
type Added struct {
	Entry roll.Entry
	class string
	Roles []school.Role // those the person gets: what the list says, as far as it may be given
}

// Plan is what a list would do.
type Plan struct {
	Kind       school.Kind
	Year       school.Year
	newYear    bool
	Roll       *roll.Roll
	Added      []Added
	Changed    []Changed
	Unchanged  int
	Missing    []Missing
	NewClasses []NewClass
	// Withheld counts the roles that the list names and that were not given,
	// for want of the right to give them.
	Withheld int
	classes  map[string]store.ID
}

// Nothing tells whether applying the plan would write nothing.
func (p *Plan) Nothing() bool {
	return len(p.Added) == 0 && len(p.Changed) == 0 && len(p.NewClasses) == 0
}

// Digest names what the plan does, so that what a person confirmed can be told
// from what the roster would now make of the same list.
func (p *Plan) Digest() string {
	return fmt.Sprintf("%d-%d-%d-%d-%d-%d", len(p.Added), len(p.Changed), p.Unchanged, len(p.Missing), len(p.Roll.Faults), len(p.NewClasses))
}

// Compare reads the roster and says what the list would do. It writes nothing.
func Compare(tx *store.Tx, list *roll.Roll, o Options) (*Plan, error) {
	p := &Plan{Kind: o.Kind, Roll: list, classes: map[string]store.ID{}}
	if err := p.year(tx, o.Pack); err != nil {
		return nil, err
	}
	labels := map[store.ID]string{}
	for c, err := range school.Classes.Where(tx, "year", p.Year.Label) {
		if err != nil {
			return nil, fmt.Errorf("compare with the classes: %w", err)
		}
		p.classes[roll.ClassKey(o.Pack, c.Value.Label)] = c.ID
		labels[c.ID] = c.Value.Label
	}
	known, err := readRoster(tx, o.Kind, func(id store.ID) string {
		if l, ok := labels[id]; ok {
			return l
		}
		c, _ := school.Classes.Get(tx, id)
		return c.Value.Label
	}, o.Pack)
	if err != nil {
		return nil, err
	}
	found := known.match(list.Entries, o.Pack)
	for i, e := range list.Entries {
		key := p.classFor(e, o.Pack)
		if found[i] == nil {
			p.add(e, key, o)
			continue
		}
		p.compare(found[i], e, key, o)
	}
	known.sawFaults(list.Faults)
	for _, k := range known.people {
		if !k.seen && k.person.Left == "" {
			p.Missing = append(p.Missing, Missing{ID: k.id, Name: k.person.Name(), Class: k.class})
		}
	}
	return p, nil
}

// year is the current school year; a site without any gets the one of today.
func (p *Plan) year(tx *store.Tx, pack *packs.Pack) (err error) {
	if p.Year, err = school.CurrentYear(tx); !errors.Is(err, school.ErrNoYear) {
		return err
	}
	p.newYear = true
	now, _ := tx.Now()
	day := now.Format(time.DateOnly)
	for _, y := range pack.Years {
		if y.From <= day || p.Year.Label == "" {
			p.Year = y.SchoolYear("lycee")
		}
	}
	if p.Year.Label == "" {
		first := now.Year()
		if now.Month() < time.August {
			first--
		}
		p.Year = school.Year{
			Label: strconv.Itoa(first) + "-" + strconv.Itoa(first+1),
			From:  strconv.Itoa(first) + "-09-15", Until: strconv.Itoa(first+1) + "-07-05",
		}
	}
	return nil
}

// classFor is the key of the entry's class, noting it when it is new.
func (p *Plan) classFor(e roll.Entry, pack *packs.Pack) string {
	if e.Class == "" || p.Kind != school.PupilKind {
		return ""
	}
	key := roll.ClassKey(pack, e.Class)
	if _, ok := p.classes[key]; !ok {
		p.classes[key] = store.ID{}
		p.NewClasses = append(p.NewClasses, NewClass{Label: e.Class, Level: e.Level, Series: e.Series, key: key})
	}
	return key
}

func (p *Plan) add(e roll.Entry, class string, o Options) {
	a := Added{Entry: e, class: class}
	if p.Kind == school.PupilKind {
		a.Roles = []school.Role{school.Pupil}
	} else {
		a.Roles = p.granted(e.Roles, nil, o.Grant)
	}
	p.Added = append(p.Added, a)
}

// granted are the roles that a list may give: a teacher's to anybody new, the
// others only when Grant says so.
func (p *Plan) granted(wanted, has []school.Role, grant bool) []school.Role {
	if grant || len(wanted) == 0 {
		return wanted
	}
	if has != nil {
		for _, r := range wanted {
			if !slices.Contains(has, r) {
				p.Withheld++
			}
		}
		return has
	}
	var out []school.Role
	for _, r := range wanted {
		if r == school.Teacher {
			out = append(out, r)
		} else {
			p.Withheld++
		}
	}
	return out
}
