package school

import (
	"errors"
	"fmt"

	"preau/store"
)

// The kinds of site.
const (
	Box    = "box"    // an appliance in a school
	Office = "office" // the ministry
)

// SiteInfo says which site a data folder belongs to. One record a folder.
type SiteInfo struct {
	Kind       string `cbor:"1,keyasint,omitempty"` // Box or Office
	Code       string `cbor:"2,keyasint,omitempty"` // school code; a label of the office's own there
	Name       string `cbor:"3,keyasint,omitempty"`
	Slug       string `cbor:"4,keyasint,omitempty"` // <slug>.local
	Region     string `cbor:"5,keyasint,omitempty"` // unit code of the regional directorate
	Inspection string `cbor:"6,keyasint,omitempty"` // unit code of the inspection
	Type       string `cbor:"7,keyasint,omitempty"` // general, technical …
	Language   string `cbor:"8,keyasint,omitempty"` // "fr" or "en": what pages speak before sign-in
	Root       []byte `cbor:"9,keyasint,omitempty"` // the office's Ed25519 root public key, pinned at enrolment
	Recovery   string `cbor:"10,keyasint,omitempty"`
	Town       string `cbor:"11,keyasint,omitempty"` // place written on documents: « Fait à … »
	Phone      string `cbor:"12,keyasint,omitempty"`
	Pack       string `cbor:"13,keyasint,omitempty"` // country pack, "togo"
	// Packs are the versions of it that the office has sent, by the day from which
	// they count; before the first one the program's own does.
	Packs []PackUse `cbor:"14,keyasint,omitempty"`
}

// PackUse says which version of the country pack counts for what begins on From
// (YYYY-MM-DD) or later, until the next one.
type PackUse struct {
	_       struct{} `cbor:",toarray"`
	From    string
	Version string
	Release store.ID // the record that holds its files
}

// Sites holds the one record that Site reads and SetSite writes.
var Sites = store.Define(store.Spec[SiteInfo]{Name: "site", Home: store.Local, Format: 1})

// ErrNoSite says that the folder has not been initialised.
var ErrNoSite = errors.New("school: this folder belongs to no site yet; run init or the wizard")

// Site is the site of this folder, or ErrNoSite.
func Site(tx *store.Tx) (SiteInfo, error) {
	r, err := siteRecord(tx)
	return r.Value, err
}

// SetSite writes the site's record, making it the first time.
func SetSite(tx *store.Tx, s SiteInfo) error {
	switch r, err := siteRecord(tx); {
	case errors.Is(err, ErrNoSite):
		_, err = Sites.Add(tx, s)
		return err
	case err != nil:
		return err
	default:
		return Sites.Set(tx, r.ID, s)
	}
}

func siteRecord(tx *store.Tx) (store.Record[SiteInfo], error) {
	for r, err := range Sites.All(tx) {
		if err != nil {
			return r, fmt.Errorf("read the site: %w", err)
		}
		return r, nil
	}
	return store.Record[SiteInfo]{}, ErrNoSite
}
