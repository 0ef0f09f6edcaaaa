package school

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// Refusal is a "no" for a person: which words to show, at which field, and
// the values these words name. It is not a fault of the program; the page
// keeps what was typed and shows the sentence, which says what to do next.
type Refusal struct {
	Key   string         `json:"key"`             // words key such as "people.refused.no_name"
	Field string         `json:"field,omitempty"` // form field or column; "" concerns the whole
	Args  map[string]any `json:"args,omitempty"`  // values of the placeholders of the words
}

// Refuse makes a Refusal; kv are pairs of placeholder name and value. A last
// name without a value is dropped.
func Refuse(key, field string, kv ...any) *Refusal {
	r := &Refusal{Key: key, Field: field}
	for i := 0; i+1 < len(kv); i += 2 {
		if r.Args == nil {
			r.Args = make(map[string]any, len(kv)/2)
		}
		r.Args[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return r
}

// Error is for logs: the key and the field, never the values, which may be names.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return "refused: " + r.Key
	}
	return "refused: " + r.Key + " at " + r.Field
}

// Is makes errors.Is compare by key, so that callers can match
// errors.Is(err, &Refusal{Key: "…"}) whatever the field and values.
func (r *Refusal) Is(target error) bool {
	t, ok := target.(*Refusal)
	return ok && t.Key == r.Key && (t.Field == "" || t.Field == r.Field)
}

// Refusals are several at once, in the order of the form.
type Refusals []*Refusal

// Error is for logs.
func (rs Refusals) Error() string {
	keys := make([]string, len(rs))
	for i, r := range rs {
		keys[i] = r.Key
	}
	sort.Strings(keys)
	return "refused: " + strings.Join(keys, ", ")
}

// Unwrap lets errors.Is and errors.As see each of them.
func (rs Refusals) Unwrap() []error {
	out := make([]error, len(rs))
	for i, r := range rs {
		out[i] = r
	}
	return out
}

// Or returns nil when there is none: `return refusals.Or()`.
func (rs Refusals) Or() error {
	if len(rs) == 0 {
		return nil
	}
	return rs
}

// RefusalsIn lists the refusals in an error, nil when it is no refusal.
func RefusalsIn(err error) Refusals {
	var many Refusals
	if errors.As(err, &many) {
		return many
	}
	var one *Refusal
	if errors.As(err, &one) && one != nil {
		return Refusals{one}
	}
	return nil
}
