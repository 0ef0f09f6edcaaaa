package circulars

import (
	"slices"
	"strings"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// view is a circular as pages show it.
type view struct {
	ID       store.ID
	Header   seal.Header
	Audience org.Audience
	Body     string
	Annexes  []annex
	Code     string // printed with its hyphen
	QR       string // SVG
	Reply    bool
	Standing string
	By       store.ID // what withdraws or replaces it
	Old      store.ID // what it withdraws or replaces
}

type annex struct {
	store.Blob
	Here bool // false: still on its way
}

// viewOf prepares a circular for a page. The QR code is drawn on request: it
// is the heaviest part of the page.
func viewOf(db *store.DB, r store.Record[Circular], qr bool) view {
	v := view{
		ID: r.ID, Body: r.Value.Body, Code: seal.PrintCode(r.Value.Code), Reply: r.Value.Reply, Old: r.Value.Replaces,
	}
	v.Header, _ = r.Value.Signed.Decode()
	_ = seal.DecodeCBOR(v.Header.Audience, &v.Audience)
	for _, a := range r.Value.Annexes {
		v.Annexes = append(v.Annexes, annex{a, db.HasBlob(a.Hash)})
	}
	if qr {
		v.QR = seal.QRSVG(seal.QRText(r.Value.Signed), 30)
	}
	return v
}

// inWords lists whom an audience means: "Grand Lomé, Maritime · Tle · professeurs".
func inWords(b web.Base, a org.Audience, names map[string]string) string {
	var parts []string
	if a.Everyone {
		parts = append(parts, b.T("circulars.audience.everyone"))
	}
	named := func(codes []string) {
		var l []string
		for _, c := range codes {
			if n := names[org.NormalizeCode(c)]; n != "" {
				c = n
			}
			l = append(l, c)
		}
		if len(l) > 0 {
			parts = append(parts, strings.Join(l, ", "))
		}
	}
	named(a.Regions)
	named(a.Inspections)
	named(a.Schools)
	if len(a.Types) > 0 {
		var l []string
		for _, t := range a.Types {
			l = append(l, b.T("circulars.type."+t))
		}
		parts = append(parts, strings.Join(l, ", "))
	}
	if len(a.Levels) > 0 {
		parts = append(parts, strings.Join(a.Levels, ", "))
	}
	if len(a.Series) > 0 {
		parts = append(parts, b.T("circulars.audience.series", "list", strings.Join(a.Series, ", ")))
	}
	parts = append(parts, rolesInWords(b, a.Roles))
	return strings.Join(parts, " · ")
}

// rolesInWords says whom a list of roles means; none is all staff.
func rolesInWords(b web.Base, roles []school.Role) string {
	all := true
	for _, r := range school.BoxStaff {
		all = all && slices.Contains(roles, r)
	}
	switch {
	case len(roles) == 0, all && !slices.Contains(roles, school.Pupil):
		return b.T("circulars.audience.staff")
	case all:
		return b.T("circulars.audience.staff_and_pupils")
	}
	var l []string
	for _, r := range roles {
		l = append(l, b.T(r.WordKey()))
	}
	return strings.Join(l, ", ")
}

// unitNames are the names of the tree's units by code, and the pack's.
func unitNames(tx *store.Tx) (map[string]string, error) {
	names := map[string]string{}
	pack, err := packs.Here(tx)
	if err != nil {
		return nil, err
	}
	for _, r := range pack.Regions {
		names[org.NormalizeCode(r.Code)] = r.Name
	}
	for u, err := range org.Units.All(tx) {
		if err != nil {
			return nil, err
		}
		names[org.NormalizeCode(u.Value.Code)] = u.Value.Name
	}
	return names, nil
}
