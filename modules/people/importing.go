package people

import (
	"fmt"
	"time"

	"preau/modules/people/intake"
	"preau/modules/people/roll"
	"preau/school"
	"preau/school/packs"
	"preau/school/sheet"
	"preau/store"
)

// surely is a day that is not in the future, however wrong a clock stands that
// nobody trusts: births after it are refused on such a box too.
const surely = "2026-12-31"

// list is a file that was read, before anybody compared it with anything.
type list struct {
	kind school.Kind
	book *sheet.Book
	pack *packs.Pack
	roll *roll.Roll
}

// readList reads a file. Every refusal of it is a *school.Refusal with field
// "file"; faults of rows are in the roll.
func readList(db *store.DB, data []byte, kind school.Kind, choice *roll.Choice) (*list, error) {
	l := &list{kind: kind}
	today := ""
	err := db.View(func(tx *store.Tx) (err error) {
		now, trusted := tx.Now()
		if today = now.Format(time.DateOnly); !trusted {
			today = max(today, surely)
		}
		l.pack, err = packs.Here(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a list: %w", err)
	}
	if l.book, err = sheet.Read(data, roll.Score(kind)); err != nil {
		return nil, err
	}
	l.roll, err = roll.Read(l.book, roll.Options{Kind: kind, Pack: l.pack, Today: today, Choice: choice})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// compare is intake.Compare for this list.
func (l *list) compare(tx *store.Tx, grant bool) (*intake.Plan, error) {
	return intake.Compare(tx, l.roll, intake.Options{Kind: l.kind, Pack: l.pack, Grant: grant})
}
