package notices

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

type draftPage struct {
	web.Base
	ID      store.ID
	Seen    string // the version that the writer had before them
	Draft   Draft
	Kept    []web.Upload
	Preview bool
	Meant   int    // people whom the audience means now
	Old     string // the notice withdrawn or replaced, in words
	Choices choices
}

func newDraft(c *web.Ctx) error {
	return renderDraft(c, http.StatusOK, draftPage{Draft: Draft{Text: Text{Kind: ServiceNote}}})
}

func editDraft(c *web.Ctx) error {
	r, err := openDraft(c)
	if err != nil {
		return err
	}
	return renderDraft(c, http.StatusOK, draftPage{ID: r.ID, Seen: version(r), Draft: r.Value})
}

// openDraft is the draft of the path, as long as it is not signed.
func openDraft(c *web.Ctx) (r store.Record[Draft], err error) {
	id, err := c.ID("id")
	if err != nil {
		return r, err
	}
	err = c.View(func(tx *store.Tx) (err error) {
		if r, err = drafts.Get(tx, id); err != nil || !r.Value.Notice.IsZero() {
			return c.NotFound()
		}
		return nil
	})
	return r, err
}

// Bounds of a notice.
const (
	maxSubject = 200      // bytes
	maxBody    = 64 << 10 // bytes: it stands in one record
	maxRemark  = 1200     // bytes
)

// saveDraft keeps what was typed; with "preview" it only shows it, with "finish" it
// goes to the proviseur.
func saveDraft(c *web.Ctx) error {
	var id store.ID
	var old Draft
	if c.Param("id") != "" {
		r, err := openDraft(c)
		if err != nil {
			return err
		}
		id, old = r.ID, r.Value
	}
	f, err := c.Form()
	d := Draft{Text: typed(f, old.Text), Author: c.Actor().ID, AuthorIs: c.Actor().Name, Writing: !f.Has("finish")}
	if d.Writing {
		d.Remark = old.Remark
	}
	kept := f.Files("annexes")
	p := draftPage{ID: id, Seen: f.Get("seen"), Draft: d, Kept: kept}
	if err == nil && f.Has("preview") {
		p.Preview = true
		return renderDraft(c, http.StatusOK, p)
	}
	d.Text.Annexes = slices.Clone(d.Text.Annexes)
	for _, u := range kept {
		d.Text.Annexes = append(d.Text.Annexes, u.Blob)
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			err := checkKept(&d.Text)
			if f.Has("finish") {
				err = checkWhole(tx, &d.Text, today(tx))
			}
			if err != nil {
				return web.Result{}, err
			}
			to, err := putDraft(tx, id, d, f.Get("seen"))
			if err != nil {
				return web.Result{}, err
			}
			at := "/notices/drafts/" + to.String()
			switch {
			case !f.Has("finish"):
				return web.Result{To: at, Flash: "notices.flash.saved"}, nil
			case school.May(school.SignNotices).Allows(c.Actor()):
				return web.Result{To: at + "/sign"}, nil
			}
			return web.Result{To: "/notices", Flash: "notices.flash.ready"}, nil
		})
	}
	if c.Refused(err) {
		if errors.Is(err, &school.Refusal{Key: "notices.refused.written_meanwhile"}) { // told once: saving again is meant
			if now, err := openDraft(c); err == nil {
				p.Seen = version(now)
			}
		}
		return renderDraft(c, http.StatusUnprocessableEntity, p)
	}
	return err
}

// typed is the text as the form says; annexes of before stay where their box is
// ticked. A withdrawal goes to whom the old notice went.
func typed(f *web.Form, old Text) Text {
	t := Text{
		Kind: Kind(f.Get("kind")), Subject: f.Get("subject"), Body: f.Get("body"), From: f.Get("from"), Until: f.Get("until"), Ack: f.Has("ack"),
		Replaces: old.Replaces, Withdraws: old.Withdraws,
		Audience: Audience{Staff: f.Has("staff"), Pupils: f.Has("pupils"), Levels: f.All("levels")},
	}
	for _, r := range f.All("roles") {
		t.Audience.Roles = append(t.Audience.Roles, school.Role(r))
	}
	for _, k := range f.All("classes") {
		id, _ := store.ParseID(k) // what is none is refused as a class that does not exist
		t.Audience.Classes = append(t.Audience.Classes, id)
	}
	if t.Withdraws {
		t.Kind, t.Audience = old.Kind, old.Audience
	}
	stay := f.All("stay")
	for _, a := range old.Annexes {
		if slices.Contains(stay, a.Hash.String()) {
			t.Annexes = append(t.Annexes, a)
		}
	}
	return t
}

// checkKept says what stands against keeping a draft that is not finished.
func checkKept(t *Text) error {
	var no school.Refusals
	switch {
	case strings.TrimSpace(t.Subject) == "":
		no = append(no, school.Refuse("notices.refused.subject", "subject"))
	case len(t.Subject) > maxSubject:
		no = append(no, school.Refuse("notices.refused.long", "subject", "count", maxSubject))
	}
	if len(t.Body) > maxBody {
		no = append(no, school.Refuse("notices.refused.body_long", "body", "count", maxBody/1024))
	}
	if len(t.Annexes) > seal.MaxAnnexes {
		no = append(no, school.Refuse("notices.refused.annexes", "annexes", "count", seal.MaxAnnexes))
	}
	return no.Or()
}

// checkWhole says what stands against signing a text on a day.
func checkWhole(tx *store.Tx, t *Text, day string) error {
	no := school.RefusalsIn(checkKept(t))
	if t.Kind != ServiceNote && t.Kind != Announcement {
		no = append(no, school.Refuse("notices.refused.kind", "kind"))
	}
	if strings.TrimSpace(t.Body) == "" {
		no = append(no, school.Refuse("notices.refused.body", "body"))
	}
	from, until := t.From, t.Until
	if from != "" && !school.ValidDay(from) {
		no = append(no, school.Refuse("notices.refused.day", "from", "value", from))
		from = ""
	}
	switch {
	case until == "":
	case !school.ValidDay(until):
		no = append(no, school.Refuse("notices.refused.day", "until", "value", until))
	case until < day:
		no = append(no, school.Refuse("notices.refused.past", "until", "day", until))
	case from != "" && until < from:
		no = append(no, school.Refuse("notices.refused.before", "until"))
	}
	if until == "" && from != "" && from > yearEnd(tx, max(from, day)) {
		no = append(no, school.Refuse("notices.refused.after_year", "from"))
	}
	who, err := checkAudience(tx, &t.Audience)
	if err != nil {
		return err
	}
	return append(no, who...).Or()
}

// yearEnd is the last day of the school year of a day; between two years it is a
// year from then, for no year tells.
func yearEnd(tx *store.Tx, day string) string {
	y, err := school.YearOn(tx, day)
	if err == nil && day <= y.Until {
		return y.Until
	}
	n, _ := strconv.Atoi(day[:4])
	return strconv.Itoa(n+1) + day[4:]
}

// putDraft writes a draft that is not signed yet. seen is the version that the
// writer had before them: what another has written meanwhile is not lost.
func putDraft(tx *store.Tx, id store.ID, d Draft, seen string) (store.ID, error) {
	if id.IsZero() {
		return drafts.Add(tx, d)
	}
	now, err := drafts.Get(tx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return id, school.Refuse("notices.refused.discarded", "")
	case err != nil:
		return id, err
	case !now.Value.Notice.IsZero():
		return id, school.Refuse("notices.refused.signed", "")
	case seen != version(now):
		return id, school.Refuse("notices.refused.written_meanwhile", "", "name", now.Value.AuthorIs)
	}
	return id, drafts.Set(tx, id, d)
}

// version names the state of a draft that somebody has read.
func version(r store.Record[Draft]) string { return strconv.FormatUint(r.Number, 10) }

func renderDraft(c *web.Ctx, status int, p draftPage) error {
	title := "notices.draft.title"
	switch {
	case p.Draft.Text.Withdraws:
		title = "notices.draft.withdrawal"
	case !p.Draft.Text.Replaces.IsZero():
		title = "notices.draft.replacement"
	}
	p.Base = c.Base(title)
	p.Back = web.Link{Label: p.T("notices.list.title"), Href: "/notices"}
	p.Refused = p.T("notices.draft.refused")
	err := c.View(func(tx *store.Tx) (err error) {
		if p.Choices, err = audienceChoices(tx, p.Base, p.Draft.Text.Audience); err != nil {
			return err
		}
		p.Old = oldInWords(tx, p.Base, p.Draft.Text.Replaces)
		p.Meant, err = meantNow(c, tx, &p.Draft.Text.Audience)
		return err
	})
	if err != nil {
		return err
	}
	return c.Render(status, draftView(p))
}

// oldInWords names the notice that a draft ends, "" when it ends none.
func oldInWords(tx *store.Tx, b web.Base, id store.ID) string {
	if id.IsZero() {
		return ""
	}
	r, err := notices.Get(tx, id)
	if err != nil {
		return ""
	}
	return the(b, &r.Value)
}

// action is where the form goes.
func (p draftPage) action() string {
	if p.ID.IsZero() {
		return "/notices/new"
	}
	return "/notices/drafts/" + p.ID.String()
}

// deeds are the buttons below a draft; what is kept can be thrown away.
func (p draftPage) deeds() []web.Button {
	finish := "notices.draft.finish"
	if school.May(school.SignNotices).Allows(p.Actor) {
		finish = "notices.draft.go_sign"
	}
	list := []web.Button{
		{Label: p.T(finish), Name: "finish", Value: "1"},
		{Label: p.T("notices.draft.save"), Kind: web.Secondary, Name: "save", Value: "1"},
		{Label: p.T("notices.draft.show_preview"), Kind: web.Secondary, Name: "preview", Value: "1"},
		{Label: p.T("web.cancel"), Kind: web.Third, Href: "/notices"},
	}
	if !p.ID.IsZero() {
		list = append(list, web.Button{Label: p.T("notices.discard.link"), Kind: web.Third, Href: "/notices/drafts/" + p.ID.String() + "/delete"})
	}
	return list
}

func (p draftPage) kinds() []web.Option {
	return []web.Option{
		{Value: string(ServiceNote), Label: p.T("notices.kind.service"), Hint: p.T("notices.kind.service.hint")},
		{Value: string(Announcement), Label: p.T("notices.kind.avis"), Hint: p.T("notices.kind.avis.hint")},
	}
}

func texts[T ~string](list []T) (out []string) {
	for _, x := range list {
		out = append(out, string(x))
	}
	return out
}

func idTexts(list []store.ID) (out []string) {
	for _, x := range list {
		out = append(out, x.String())
	}
	return out
}

// succeed begins the withdrawal or the replacement of a signed notice.
func succeed(c *web.Ctx) error {
	id, err := c.ID("id")
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) {
			old, err := notices.Get(tx, id)
			if err != nil {
				return web.Result{}, c.NotFound()
			}
			l, err := one(tx, old)
			if err != nil {
				return web.Result{}, err
			}
			if err := mayEnd(&l, today(tx)); err != nil {
				return web.Result{}, err
			}
			t := old.Value.Text
			t.Replaces, t.From = id, ""
			if t.Until != "" && t.Until < today(tx) {
				t.Until = ""
			}
			if f.Has("withdraw") {
				t.Withdraws, t.Annexes, t.Ack, t.Until = true, nil, false, ""
				what := c.TIn(c.Site().Language, "notices.the."+string(t.Kind), "reference", old.Value.Reference)
				t.Subject = c.TIn(c.Site().Language, "notices.withdrawal.subject", "subject", old.Value.Text.Subject)
				t.Body = c.TIn(c.Site().Language, "notices.withdrawal.body", "what", what, "subject", old.Value.Text.Subject)
			}
			did, err := drafts.Add(tx, Draft{Text: t, Author: c.Actor().ID, AuthorIs: c.Actor().Name, Writing: true})
			return web.Result{To: "/notices/drafts/" + did.String()}, err
		})
	}
	if c.Refused(err) {
		return renderNotice(c, http.StatusUnprocessableEntity)
	}
	return err
}

// mayEnd says what stands against withdrawing or replacing a notice: one that is a
// withdrawal itself, one that is already ended, and one that has expired.
func mayEnd(l *line, day string) error {
	switch {
	case l.withdraws:
		return school.Refuse("notices.refused.withdrawal", "")
	case !l.by.IsZero():
		return school.Refuse("notices.refused.ended", "", "reference", l.byReference)
	case l.state(day) == Expired:
		return school.Refuse("notices.refused.expired", "")
	}
	return nil
}
