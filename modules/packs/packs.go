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
	Release store.ID  `cbor:"1,keyasint,omitzero"`
	Version uint64    `cbor:"2,keyasint,omitempty"` // of the release's row
	List    uint64    `cbor:"3,keyasint,omitempty"` // of the keys
	State   string    `cbor:"4,keyasint,omitempty"`
	Faults  []fault   `cbor:"5,keyasint,omitempty"` // when it was set aside
	At      time.Time `cbor:"6,keyasint,omitzero"`
	Signed  string    `cbor:"7,keyasint,omitempty"` // by whom, and when
}

// receipt tells the office what a school made of a release.
type receipt struct {
	Release store.ID  `cbor:"1,keyasint,omitzero"`
	Site    string    `cbor:"2,keyasint,omitempty"` // school code
	State   string    `cbor:"3,keyasint,omitempty"`
	Faults  []fault   `cbor:"4,keyasint,omitempty"` // the first one
	At      time.Time `cbor:"5,keyasint,omitzero"`
}

// fault is a pack's fault as it is kept and sent.
type fault struct {
	_                      struct{} `cbor:",toarray"`
	File, What, Key, Value string
	Line                   int
}

func faultsOf(list packs.Faults) (kept []fault) {
	for _, f := range list[:min(len(list), mostFaults)] {
		kept = append(kept, fault{File: f.File, What: f.What, Key: f.Key, Value: f.Value, Line: f.Line})
	}
	return kept
}

// in is the fault in the language of a page, where somebody who sends or receives a
// pack may meet it.
func (f fault) in(b web.Base) string {
	if f.Key == "" {
		return packs.Fault{File: f.File, Line: f.Line, What: f.What}.String()
	}
	return packs.Fault{File: f.File, Line: f.Line, What: b.T(f.Key, "value", f.Value)}.String()
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
