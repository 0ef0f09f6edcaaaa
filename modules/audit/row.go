package audit

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

// row is one line of the log in words.
type row struct {
	When    string
	Who     string
	Do      string
	About   string
	Href    string
	Changes []change
}

type change struct{ Field, From, To string }

// reader turns lines into words; it remembers names, for one page names the
// same few people again and again.
type reader struct {
	web.Base
	tx    *store.Tx
	zone  *time.Location
	names map[store.ID]string
}

// actions that have words; others are shown as they are written.
var actions = []string{
	"accounts.add", "accounts.change", "accounts.close", "accounts.one_time", "accounts.reset",
	"circulars.discard", "circulars.give_back", "circulars.export", "circulars.forward", "circulars.reply", "circulars.sign", "circulars.tick",
	"notices.discard", "notices.give_back", "notices.sign", "notices.tick",
	"people.add", "people.add.undo", "people.assign", "people.change", "people.change.undo", "people.class", "people.edit", "people.edit.undo",
	"people.export", "people.import", "people.import.undo", "people.leave", "people.photo", "people.photo.drop",
	"people.return", "people.titular", "people.unassign", "people.year", "people.year.undo",
	"appeals.decide", "appeals.write", "bulletins.duplicate", "bulletins.issue", "bulletins.rectify", "clock.set", "council.say", "exams.result",
	"keys.revoke", "keys.rotate", "packs.send",
	"marks.closing", "marks.enter", "marks.evaluation", "marks.group", "marks.remark", "marks.reopen",
	"rooms.close", "rooms.open", "rooms.cards", "rooms.pin", "rooms.sheet",
	"schools.add", "schools.change", "schools.enrolment_code", "schools.move", "schools.revoke_box",
	"signin.everywhere", "signin.password", "signin.pin", "site.enrolled",
	"site.recovery", "site.restored", "site.version_left", "site.version_taken", "sticks.read", "sticks.write", "escrow.recipients",
}

// groups are the first words of the actions, for the filter.
func groups() (list []string) {
	for _, a := range actions {
		g, _, _ := strings.Cut(a, ".")
		if !slices.Contains(list, g) {
			list = append(list, g)
		}
	}
	return list
}

// named are the values that have words of their own.
var named = []string{
	"mark", "pupil", "text",
	"surname", "given", "sex", "born", "birth_place", "matricule", "niu", "class", "repeating", "guardians", "roles",
	"subject", "status", "diploma", "phone", "left", "left_why", "login", "role", "added", "changed", "refused", "missing", "classes",
	"about", "circular", "code", "coefficient", "count", "date", "decision", "exam", "from", "key", "kind", "label", "last", "levels", "mention", "name", "opened",
	"pack", "parent", "period", "pupils", "reason", "reference", "remark", "result", "scale", "schools", "series", "town", "type", "until",
}

func (r *reader) row(line store.Record[school.AuditEntry]) row {
	e := &line.Value
	out := row{When: r.Moment(line.Time), Who: e.Name, Do: e.Action, About: r.name(e.Object)}
	if out.Who == "" {
		out.Who = r.T("audit.program")
	}
	if slices.Contains(actions, e.Action) {
		out.Do = r.T("audit.do." + e.Action)
	}
	if out.About != "" && strings.HasPrefix(e.Action, "people.") {
		if _, err := school.People.Get(r.tx, e.Object); err == nil {
			out.Href = "/people/" + e.Object.String()
		}
	}
	out.Changes = r.changes(e.Action, e.From, e.To)
	return out
}

// holds are the lines on a person, and those of what the person did.
func holds(c *web.Ctx, tx *store.Tx, person store.Record[school.Person]) ([]appliance.Held, error) {
	r := &reader{tx: tx, Base: c.Base("audit.title"), zone: c.Now().Location(), names: map[store.ID]string{}}
	var parts []appliance.Held
	for _, index := range []string{"object", "who"} {
		part := appliance.Held{Title: r.T("audit.held." + index), Head: []string{r.T("audit.when"), r.T("audit.what"), r.T("audit.whom"), r.T("audit.who"), r.T("audit.changes")}}
		for line, err := range school.AuditLog.Where(tx, index, person.ID) {
			if err != nil {
				return nil, err
			}
			x := r.row(line)
			part.Rows = append(part.Rows, []string{x.When, x.Do, x.About, x.Who, x.told(r.Base)})
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// told are the changes as one text.
func (x *row) told(b web.Base) string {
	var list []string
	for _, ch := range x.Changes {
		text := ch.To
		if ch.From != "" {
			text = ch.From + " → " + ch.To
		}
		if ch.Field != "" {
			text = b.T("audit.field", "field", ch.Field) + " " + text
		}
		list = append(list, text)
	}
	return strings.Join(list, " · ")
}

// name is whom or what a line is about, "" when nothing here is called so.
func (r *reader) name(id store.ID) string {
	if id.IsZero() {
		return ""
	}
	if name, ok := r.names[id]; ok {
		return name
	}
	name := ""
	if p, err := school.People.Get(r.tx, id); err == nil {
		name = p.Value.Name()
	} else if c, err := school.Classes.Get(r.tx, id); err == nil {
		name = c.Value.Label
	}
	r.names[id] = name
	return name
}

func (r *reader) changes(action, from, to string) (list []change) {
	was, is := map[string]any{}, map[string]any{}
	okFrom, okTo := from == "" || json.Unmarshal([]byte(from), &was) == nil, to == "" || json.Unmarshal([]byte(to), &is) == nil
	if !okFrom || !okTo { // a plain value
		if from == to { // done anew
			from = ""
		}
		return []change{{From: r.plain(from), To: r.plain(to)}}
	}
	keys := map[string]bool{}
	for _, m := range []map[string]any{was, is} {
		for k := range m {
			keys[k] = true
		}
	}
	order := make([]string, 0, len(keys))
	for k := range keys {
		order = append(order, k)
	}
	sort.Strings(order)
	for _, k := range order {
		c := change{Field: k, From: r.value(k, was[k]), To: r.value(k, is[k])}
		word := strings.ToLower(k)
		if word == "subject" && (strings.HasPrefix(action, "notices.") || strings.HasPrefix(action, "circulars.")) {
			word = "about" // not one that is taught
		}
		if slices.Contains(named, word) {
			c.Field = r.T("audit.field." + word)
		}
		if c.From != "" || c.To != "" {
			list = append(list, c)
		}
	}
	return list
}

func (r *reader) plain(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return r.value("", v)
}

// value is one stored value in words.
func (r *reader) value(field string, v any) string {
	text := ""
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		text = v
	case float64:
		return r.Number(int(v))
	case bool:
		if v {
			return r.T("audit.yes")
		}
		return r.T("audit.no")
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = r.value(field, x)
		}
		return strings.Join(parts, ", ")
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	}
	switch field {
	case "repeating":
		if text == "yes" || text == "no" {
			return r.T("audit." + text)
		}
	case "roles", "role":
		var list []string
		for _, x := range strings.Fields(text) {
			if school.Role(x).Known() {
				x = r.T(school.Role(x).WordKey())
			}
			list = append(list, x)
		}
		return strings.Join(list, ", ")
	case "born", "left":
		return r.LongDay(text)
	case "guardians":
		var list []school.Guardian
		if json.Unmarshal([]byte(text), &list) == nil {
			var names []string
			for _, g := range list {
				names = append(names, strings.TrimSpace(g.Name+" "+g.Phone))
			}
			return strings.Join(names, ", ")
		}
	}
	if id, err := store.ParseID(text); err == nil {
		if name := r.name(id); name != "" {
			return name
		}
	}
	return text
}
