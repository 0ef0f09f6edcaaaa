package school

import (
	"encoding/json"
	"fmt"

	"preau/store"
)

// AuditEntry is one line of the audit log. It is written in the transaction
// of the change it tells, and never changed.
type AuditEntry struct {
	Who    store.ID `cbor:"1,keyasint,omitzero"`  // zero: the program itself
	Name   string   `cbor:"2,keyasint,omitempty"` // as shown on that day
	Action string   `cbor:"3,keyasint,omitempty"` // "circulars.sign", "people.change"
	Object store.ID `cbor:"4,keyasint,omitzero"`
	From   string   `cbor:"5,keyasint,omitempty"` // JSON, "" for nothing
	To     string   `cbor:"6,keyasint,omitempty"` // JSON, "" for nothing
}

// AuditLog: index "object" takes the object's id, "who" the person's. Entries
// come in the order they were written.
var AuditLog = store.Define(store.Spec[AuditEntry]{
	Name: "audit", Home: store.Local, Format: 1,
	Indexes: []store.Index[AuditEntry]{
		{Name: "object", Keys: func(e *AuditEntry) [][]byte {
			if e.Object == (store.ID{}) {
				return nil
			}
			return [][]byte{store.Key(e.Object)}
		}},
		{Name: "who", Keys: func(e *AuditEntry) [][]byte { return [][]byte{store.Key(e.Who)} }},
	},
})

// Audit writes who did what to what. from and to are any values that JSON can
// hold, nil for none; never pass a secret or a hash of one. The line commits
// with the caller's transaction or not at all.
func Audit(tx *store.Tx, who Actor, action string, object store.ID, from, to any) error {
	e := AuditEntry{Who: who.ID, Name: who.Name, Action: action, Object: object}
	var err error
	if e.From, err = auditText(from); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	if e.To, err = auditText(to); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	if _, err := AuditLog.Add(tx, e); err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return nil
}

func auditText(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return string(b), nil
}
