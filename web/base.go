package web

import (
	"errors"
	"strings"
	"time"

	"preau/school"
	"preau/store"
)

// Base is what every page knows. A page's model embeds it:
//
//	type listPage struct {
//		web.Base
//		Rows []row
//	}
//
// Ctx.Base makes it; a handler may change the exported fields before Render.
type Base struct {
	Lang  string // "fr" or "en"
	Title string // heading and window title, in Lang
	Lead  string // one small line under the heading
	Back  Link   // the page above this one
	Wide  bool   // no red margin: sign-in, wide tables
	Bare  bool   // no heading: the page writes its own h1
	Named bool   // the heading holds somebody's name: many serifs lack letters of Ewe and Kabiyè

	Refusals school.Refusals // what is not done, shown above the heading and at the fields
	Refused  string          // heading of the refusals: what is not done and what is safe
	Flash    string          // what was done, one line

	Site     school.SiteInfo
	Actor    school.Actor
	Role     string // the person's first role, in words
	Year     string // the school year's label
	Nav      []Link
	Sync     *SyncLine
	Tasks    []Task
	Now      time.Time
	Path     string // of this page, with its query: where language and contrast lead back
	Contrast bool
	Shared   bool // poste partagé
	Halted   bool // nothing can be saved: the disk cannot be trusted
	Version  string
	InClear  string // page that says what a connection without HTTPS means; "" when there is HTTPS

	Refresh time.Duration // the page asks again after this long; progress pages only

	held    map[store.Lane]Held
	css     string
	icon    string
	scripts map[string]string
	page    *page
}

// page is what belongs to one rendering and must be shared by all copies of its Base.
type page struct {
	words  *Words
	token  func() string // the next form token
	quit   string        // a token that may be used again: sign-out
	icons  []string      // used so far, for the sprite at the end
	tokens int
}

// Link is words and where they lead. A zero Link shows nothing.
type Link struct {
	Label, Href string
	Current     bool
}

// SyncLine is the one line under the roof that staff see when the exchange is
// not as it should be. Texts are in the person's language.
type SyncLine struct{ Icon, Bold, Text, Href string }

// Held is why a lane of the exchange waits, and until when; zero where that cannot
// be said.
type Held struct {
	Why   string // window (for its hour), day, month (their bytes are used), doubtful (nobody knows the hour)
	Until time.Time
}

// Task is one line of what is due.
type Task struct {
	Date   string // YYYY-MM-DD, "" when there is none
	Label  string // verb and object
	Href   string
	Detail string
	Late   bool
	Urgent bool // before all that is not
	Days   int  // left, when not late; shown when three or fewer
	More   int  // further tasks behind this one, less pressing and not listed
}

// T is the text of a words key in the page's language; kv are pairs of
// placeholder and value, "count" chooses the plural.
func (b Base) T(key string, kv ...any) string {
	if b.page == nil {
		return key
	}
	return b.page.words.T(b.Lang, key, kv...)
}

// Token is the next form token, new at each call. A page that asks for one is
// never answered by "unchanged". The Form part calls it.
func (b Base) Token() string {
	if b.page == nil || b.page.token == nil {
		return ""
	}
	b.page.tokens++
	return b.page.token()
}

// QuitToken is a form token that may be used any number of times: for what is
// harmless to repeat, such as signing out.
func (b Base) QuitToken() string {
	if b.page == nil {
		return ""
	}
	return b.page.quit
}

// RefusalAt is the sentence that refuses a field, "" when nothing does.
func (b Base) RefusalAt(field string) string {
	for _, r := range b.Refusals {
		if r.Field == field {
			return b.Sentence(r)
		}
	}
	return ""
}

// Sentence is a refusal in the page's language.
func (b Base) Sentence(r *school.Refusal) string {
	return b.T(r.Key, pairs(r.Args)...)
}

func pairs(args map[string]any) []any {
	kv := make([]any, 0, 2*len(args))
	for k, v := range args {
		kv = append(kv, k, v)
	}
	return kv
}

// With returns the page with the refusals in err, and their heading.
func (b Base) With(err error, heading string) Base {
	b.Refusals, b.Refused = school.RefusalsIn(err), heading
	return b
}

// WindowTitle is what the tab shows.
func (b Base) WindowTitle() string {
	title := b.Title
	if len(b.Refusals) > 0 {
		title = b.T("web.refused.prefix") + " " + title
	}
	if b.Site.Name == "" {
		return title
	}
	return title + " · " + b.Site.Name
}

// Day writes a YYYY-MM-DD as "mardi 13 octobre 2026"; other texts come back as they are.
func (b Base) Day(day string) string {
	if t, ok := parseDay(day); ok {
		return FormatDate(b.Lang, t)
	}
	return day
}

// LongDay writes a YYYY-MM-DD as "13 octobre 2026".
func (b Base) LongDay(day string) string {
	if t, ok := parseDay(day); ok {
		return FormatLongDate(b.Lang, t)
	}
	return day
}

// ShortDay writes a YYYY-MM-DD as "hier", "aujourd’hui", "demain" or "ven. 16 oct.".
func (b Base) ShortDay(day string) string {
	t, ok := parseDay(day)
	if !ok {
		return day
	}
	today := time.Date(b.Now.Year(), b.Now.Month(), b.Now.Day(), 0, 0, 0, 0, time.UTC)
	switch t.Sub(today) {
	case -24 * time.Hour:
		return b.T("web.day.yesterday")
	case 0:
		return b.T("web.day.today")
	case 24 * time.Hour:
		return b.T("web.day.tomorrow")
	}
	return FormatShortDate(b.Lang, t, b.Now)
}

func parseDay(day string) (time.Time, bool) {
	if len(day) != len(time.DateOnly) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, day+"T00:00:00Z") // the one layout that is read without looking at the layout
	return t, err == nil
}

// Date is FormatDate in the page's language.
func (b Base) Date(t time.Time) string { return FormatDate(b.Lang, b.local(t)) }

// DateTime is FormatDateTime in the page's language.
func (b Base) DateTime(t time.Time) string { return FormatDateTime(b.Lang, b.local(t)) }

// DayMonth is FormatDayMonth in the page's language.
func (b Base) DayMonth(t time.Time) string { return FormatDayMonth(b.Lang, b.local(t), b.Now) }

// Moment is FormatMoment in the page's language.
func (b Base) Moment(t time.Time) string { return FormatMoment(b.Lang, b.local(t), b.Now) }

// Number is FormatNumber in the page's language.
func (b Base) Number(n int) string { return FormatNumber(b.Lang, int64(n)) }

// Size is FormatSize in the page's language.
func (b Base) Size(n int64) string { return FormatSize(b.Lang, n) }

// Span is FormatSpan in the page's language.
func (b Base) Span(d time.Duration) string { return FormatSpan(b.Lang, d) }

// Ago is how long ago t was: "2 h", "3 jours".
func (b Base) Ago(t time.Time) string { return FormatSpan(b.Lang, b.Now.Sub(t)) }

// Today is the page's day, YYYY-MM-DD.
func (b Base) Today() string { return b.Now.Format(time.DateOnly) }

func (b Base) local(t time.Time) time.Time { return t.In(b.Now.Location()) }

// State is the chip of a record's way to the other side.
func (b Base) State(p store.ProgressOf) Mark {
	m := Mark{Bold: b.T("web.state." + p.State.String())}
	switch p.State {
	case store.Waiting:
		m.Icon, m.Tone = "clock", Ochre
		m.Text = b.T("web.state.since_span", "span", b.Ago(p.Since))
		if h, ok := b.held[p.Lane]; ok {
			m.Bold = b.T("web.state.held."+h.Why, "time", b.Moment(h.Until))
		}
	case store.Sent:
		m.Icon, m.Tone = "arrow", Blue
		m.Text = b.T("web.state.at", "time", b.Moment(p.Since))
	case store.Arrived:
		m.Icon, m.Tone = "columns", Green
		if m.Text = b.T("web.state.since_day", "time", b.Moment(p.Since)); sameDay(b.local(p.Since), b.Now) {
			m.Text = b.T("web.state.since_hour", "time", b.Moment(p.Since))
		}
	default:
		m.Icon, m.Tone = "roof", Green
		if !p.Since.IsZero() {
			m.Text = b.T("web.state.at", "time", b.Moment(p.Since))
		}
	}
	if p.Since.IsZero() {
		m.Text = ""
	}
	return m
}

// SiteLabel is the site's name, or the program's before there is one.
func (b Base) SiteLabel() string {
	if b.Site.Name == "" {
		return "Préau"
	}
	return b.Site.Name
}

// OtherLanguage is the language that the foot offers, and its own name for itself.
func (b Base) OtherLanguage() (code, name string) {
	if b.Lang == "fr" {
		return "en", "English"
	}
	return "fr", "Français"
}

func capital(s string) string {
	for i, r := range s {
		if i == 0 {
			return strings.ToUpper(string(r)) + s[len(string(r)):]
		}
	}
	return s
}

// Text is what a template shows between braces. scripts/templ has the generated
// pages call it.
func Text[S ~string](s S, errs ...error) (string, error) {
	if len(errs) == 0 {
		return string(s), nil
	}
	return string(s), errors.Join(errs...)
}
