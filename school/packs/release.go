package packs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"preau/school"
	"preau/school/seal"
	"preau/store"
)

// Release is a version of a country pack as the office sends it to its schools. It
// is never edited: who made a mistake sends another version.
type Release struct {
	Code    string `cbor:"1,keyasint,omitempty"` // as in the files, for lists
	Version string `cbor:"2,keyasint,omitempty"`
	From    string `cbor:"3,keyasint,omitempty"`
	File    []byte `cbor:"4,keyasint,omitempty"` // as carried
}

// Releases: written by the office, read by the schools.
var Releases = store.Define(store.Spec[Release]{Name: "packs.releases", Home: store.Down, Format: 1})

// Collections are the package's, for store.Open.
func Collections() []store.Definition { return []store.Definition{Releases} }

// Judge tells what a release is worth here: its pack when the office has signed it
// and it is in order. The error is Faults.
func Judge(list seal.KeyList, r store.Record[Release]) (*Pack, seal.Header, error) {
	files, s, err := Unpack(r.Value.File)
	if err != nil {
		return nil, seal.Header{}, err
	}
	h, err := files.Verify(list, s, r.ID)
	if err != nil {
		return nil, h, err
	}
	p, err := files.Pack()
	if err == nil && (h.Reference != p.Reference() || r.Value.Code != p.About.Code || r.Value.Version != p.About.Version || r.Value.From != p.About.From) {
		err = Faults{fault("pack.yaml", 0, "packs.fault.sent_as")}
	}
	return p, h, err
}

// Use writes into the site's record which releases count from when. It takes those
// of the site's own pack.
func Use(tx *store.Tx, list []store.Record[Release]) error {
	site, err := school.Site(tx)
	if err != nil {
		return err
	}
	own := cmp.Or(site.Pack, "togo")
	var uses []school.PackUse
	for _, r := range list {
		if r.Value.Code == own {
			uses = append(uses, school.PackUse{From: r.Value.From, Version: r.Value.Version, Release: r.ID})
		}
	}
	slices.SortStableFunc(uses, func(a, b school.PackUse) int { return strings.Compare(a.From, b.From) })
	if slices.Equal(uses, site.Packs) {
		return nil
	}
	site.Packs = uses
	return school.SetSite(tx, site)
}

var opened sync.Map // seal.Hash of a carried file → func() (*Pack, error)

// sent is the pack of a release that counts here, read once.
func sent(tx *store.Tx, id store.ID) (*Pack, error) {
	r, err := Releases.Get(tx, id)
	if err != nil {
		return nil, fmt.Errorf("read the country pack %s: %w", id, err)
	}
	once, _ := opened.LoadOrStore(seal.HashOf(r.Value.File), sync.OnceValues(func() (*Pack, error) {
		files, _, err := Unpack(r.Value.File)
		if err != nil {
			return nil, err
		}
		return files.Pack()
	}))
	return once.(func() (*Pack, error))()
}

// ErrNoRelease says that the office has sent no such version.
var ErrNoRelease = errors.New("packs: no such release")

// Sent finds the release of a version that was sent before.
func Sent(tx *store.Tx, code, version string) (store.Record[Release], error) {
	for r, err := range Releases.All(tx) {
		if err != nil || r.Value.Code == code && r.Value.Version == version {
			return r, err
		}
	}
	return store.Record[Release]{}, ErrNoRelease
}
