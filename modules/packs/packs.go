// Package packs carries country packs from the office to its schools: signed there,
// sent over the exchange like everything else, judged by each box, and counting
// from the day that the pack names.
//
// What lies where:
//
//	office   packs.drafts    Scratch  a file that was read and not sent yet
//	         packs.releases  Down     school/packs: a version as sent, never edited
//	both     packs.arrivals  Local    what this site made of a release
//	school   packs.receipts  Up       the same, for the office
//
// It promises that a pack that the office did not sign, or that is not in order,
// changes nothing, and that a period which uses a version goes on using it unless
// the office sends another one for it. What was issued never changes.
package packs

import (
	"embed"
	"fmt"
	"maps"
	"net/http"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

//go:embed words/*.json
var files embed.FS

// draft is a pack in one file that somebody has read into the office.
type draft struct {
	File []byte    `cbor:"1,keyasint,omitempty"`
	By   store.ID  `cbor:"2,keyasint,omitzero"`
	At   time.Time `cbor:"3,keyasint,omitzero"`
}

// What a site made of a release.
const (
	counts   = "counts"
	setAside = "set_aside"
)

// arrival is what this site made of a release, judged by a list of signing keys.
type arrival struct {
	Release store.ID `cbor:"1,keyasint,omitzero"`
	Version uint64   `cbor:"2,keyasint,omitempty"` // of the release's row
	List    uint64   `cbor:"3,keyasint,omitempty"` // of the keys
	State   string   `cbor:"4,keyasint,omitempty"`
	// 5 held faults in English only.
	At     time.Time `cbor:"6,keyasint,omitzero"`
	Signed string    `cbor:"7,keyasint,omitempty"` // by whom, and when
	Faults []fault   `cbor:"8,keyasint,omitempty"` // when it was set aside
}

// receipt tells the office what a school made of a release.
type receipt struct {
	Release store.ID `cbor:"1,keyasint,omitzero"`
	Site    string   `cbor:"2,keyasint,omitempty"` // school code
	State   string   `cbor:"3,keyasint,omitempty"`
	// 4 held faults in English only.
	At     time.Time `cbor:"5,keyasint,omitzero"`
	Faults []fault   `cbor:"6,keyasint,omitempty"` // the first one
}

// fault is a pack's fault as it is kept and sent. English is for an office whose
// program does not know the words yet.
type fault struct {
	File    string            `cbor:"1,keyasint,omitempty"`
	Line    int               `cbor:"2,keyasint,omitempty"`
	Key     string            `cbor:"3,keyasint,omitempty"`
	Args    map[string]string `cbor:"4,keyasint,omitempty"`
	English string            `cbor:"5,keyasint,omitempty"`
}

func (f fault) same(g fault) bool {
	return f.File == g.File && f.Line == g.Line && f.Key == g.Key && maps.Equal(f.Args, g.Args)
}

func faultsOf(list packs.Faults) (kept []fault) {
	for _, f := range list[:min(len(list), mostFaults)] {
		args := make(map[string]string, len(f.Args))
		for name, v := range f.Args {
			args[name] = fmt.Sprint(v)
		}
		kept = append(kept, fault{f.File, f.Line, f.Key, args, f.English()})
	}
	return kept
}

// in is the fault in the language of a page, with its place.
func (f fault) in(b web.Base) string {
	x := packs.Fault{File: f.File, Line: f.Line, Key: f.Key, Args: map[string]any{}}
	for name, v := range f.Args {
		x.Args[name] = v
	}
	if text := x.Text(b.T); text != f.Key {
		return x.At(text)
	}
	return x.At(f.English)
}

var (
	drafts   = store.Define(store.Spec[draft]{Name: "packs.drafts", Home: store.Scratch, Format: 1})
	arrivals = store.Define(store.Spec[arrival]{
		Name: "packs.arrivals", Home: store.Local, Format: 1,
		Indexes: []store.Index[arrival]{{Name: "release", Unique: true, Keys: func(a *arrival) [][]byte { return [][]byte{store.Key(a.Release)} }}},
	})
	receipts = store.Define(store.Spec[receipt]{
		Name: "packs.receipts", Home: store.Up, Format: 1,
		Indexes: []store.Index[receipt]{{Name: "release", Keys: func(r *receipt) [][]byte { return [][]byte{store.Key(r.Release, r.Site)} }}},
	})
)

// Module is the feature, for modules/all.
func Module() appliance.Module {
	see, send := school.May(school.SeePacks), school.May(school.SendPacks)
	office := []string{packs.Releases.Name(), arrivals.Name(), receipts.Name(), "org.units", "contacts", store.ProgressName}
	return appliance.Module{
		Name: "packs", Files: files, Collections: []store.Definition{drafts, arrivals, receipts},
		Jobs: []appliance.Job{judgeJob, addressJob},
		Commands: []appliance.Command{
			{Name: "pack sign", At: []web.Kind{web.Office}, Run: signCommand},
			{Name: "pack send", At: []web.Kind{web.Office}, Run: sendCommand},
			{Name: "pack verify", Run: verifyCommand},
		},
		OfficeNav: []web.NavItem{{Key: "packs.nav", Href: "/packs", Access: see}},
		OfficePages: []web.Route{
			{Path: "/packs", Access: see, Reads: office, Handle: showReleases},
			{Method: http.MethodPost, Path: "/packs", Access: send, MaxBody: 2 * packs.MaxCarried, Handle: readFile},
			{Path: "/packs/drafts/{id}", Access: send, Handle: showDraft},
			{Method: http.MethodPost, Path: "/packs/drafts/{id}", Access: send, Handle: sendDraft},
			{Path: "/packs/{id}", Access: see, Reads: office, Handle: showRelease},
			{Path: "/packs/{id}/file", Access: see, Reads: office, Handle: fetchRelease},
		},
		Pages: []web.Route{{Path: "/packs", Access: see, Reads: office, Handle: showHere}},
		Demo:  demo, DemoAfter: []string{"ministry"},
	}
}
