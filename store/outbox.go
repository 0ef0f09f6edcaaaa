package store

import (
	"encoding/binary"
	"fmt"
	"slices"
)

func outboxKey(site string, lane Lane, n uint64) []byte {
	return join(pOutbox, named(site), []byte{byte(lane)}, number(n))
}

// Address puts a Down record into the outboxes of the sites, each named by its
// school code. A site that was addressed before and is not named now is told
// that the record is gone. Call it in the transaction that publishes, and
// again when the tree of schools changes; naming the same sites twice writes
// nothing.
func Address(tx *Tx, id ID, sites []string) error {
	row, err := tx.find(id)
	if err != nil {
		return err
	}
	if row.Home != Down {
		return fmt.Errorf("store: address %s of %s: not a Down record", id, row.Collection)
	}
	was := map[string]mailed{}
	for _, m := range tx.mailed(id) {
		was[m.site] = m
	}
	want := map[string]bool{}
	for _, s := range sites {
		if s == "" || want[s] {
			continue
		}
		want[s] = true
		if m, ok := was[s]; !ok || m.gone {
			if err := tx.mail(s, row, false); err != nil {
				return err
			}
		}
	}
	for s, m := range was {
		if !want[s] && !m.gone {
			if err := tx.mail(s, row, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// Addressed lists the sites a record is meant for, in the order of their codes.
func Addressed(tx *Tx, id ID) (sites []string) {
	for _, m := range tx.mailed(id) {
		if !m.gone {
			sites = append(sites, m.site)
		}
	}
	return sites
}

type mailed struct {
	site string
	lane Lane
	n    uint64
	gone bool
}

func (tx *Tx) mailed(id ID) (list []mailed) {
	prefix := join(pMailed, id.bytes())
	tx.scan(prefix, nil, false, func(k, v []byte) bool {
		list = append(list, mailed{string(k[len(prefix):]), Lane(v[0]), binary.BigEndian.Uint64(v[1:9]), v[9] == 1})
		return true
	})
	return list
}

// OutboxName is the name under which Watch tells that something new stands in a
// site's outbox.
func OutboxName(site string) string { return "outbox " + site }

// mail gives a record the outbox's next number; its earlier entry goes.
func (tx *Tx) mail(site string, row Row, gone bool) error {
	key := join(pMailed, row.ID.bytes(), []byte(site))
	lane := row.Lane
	if v := tx.get(key); v != nil {
		if err := tx.del(outboxKey(site, Lane(v[0]), binary.BigEndian.Uint64(v[1:9]))); err != nil {
			return err
		}
	}
	if err := tx.touch(OutboxName(site)); err != nil {
		return err
	}
	f := Feed{Site: site}
	n := tx.counter(f.line()) + 1
	if err := tx.setCounter(f.line(), n); err != nil {
		return err
	}
	flag := []byte{0}
	if gone {
		flag[0] = 1
	}
	if err := tx.put(key, append(append([]byte{byte(lane)}, number(n)...), flag...)); err != nil {
		return err
	}
	entry := binary.BigEndian.AppendUint16(append(row.ID.bytes(), flag...), tx.db.names.number(row.Collection))
	if err := tx.put(outboxKey(site, lane, n), entry); err != nil {
		return err
	}
	says := tx.digest(row.Origin.String(), row.Number) // of all up to this version: a number alone may stand for two
	return tx.chain(f.line(), n, slices.Concat(row.ID.bytes(), flag, named(row.Collection), number(row.Number), says[:]))
}

// mailAgain sends a new version to everybody who has the old.
func (tx *Tx) mailAgain(row Row) error {
	for _, m := range tx.mailed(row.ID) {
		if !m.gone {
			if err := tx.mail(m.site, row, false); err != nil {
				return err
			}
		}
	}
	return nil
}
