package circulars

import (
	"context"
	"fmt"
	"strings"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// checkDraft says what stands against signing a draft as it is. An unfinished
// draft may be kept all the same, as long as it has a subject.
func checkDraft(tx *store.Tx, d *Draft) error {
	var no school.Refusals
	for _, f := range []struct{ field, value string }{{"reference", d.Reference}, {"subject", d.Subject}} {
		switch {
		case strings.TrimSpace(f.value) == "":
			no = append(no, school.Refuse("circulars.refused."+f.field, f.field))
		case len(f.value) > seal.MaxText:
			no = append(no, school.Refuse("circulars.refused.too_long", f.field, "count", seal.MaxText))
		}
	}
	if d.Kind != seal.Withdrawal && strings.TrimSpace(d.Body) == "" {
		no = append(no, school.Refuse("circulars.refused.body", "body"))
	}
	if len(d.Body) > maxBody {
		no = append(no, school.Refuse("circulars.refused.body_long", "body", "count", maxBody/1024))
	}
	if len(d.Annexes) > seal.MaxAnnexes {
		no = append(no, school.Refuse("circulars.refused.annexes", "annexes", "count", seal.MaxAnnexes))
	}
	if d.Deadline != "" && !school.ValidDay(d.Deadline) {
		no = append(no, school.Refuse("circulars.refused.deadline", "deadline", "value", d.Deadline))
	}
	err := checkAudience(tx, d.Audience)
	if err != nil && school.RefusalsIn(err) == nil {
		return err
	}
	return append(no, school.RefusalsIn(err)...).Or()
}

// maxBody bounds the text of a circular, in bytes: it travels as one record.
const maxBody = 64 << 10

func checkAudience(tx *store.Tx, a org.Audience) error {
	pack, err := packs.Here(tx)
	if err != nil {
		return err
	}
	no := school.RefusalsIn(a.Check(tx, org.Today(tx)))
	for _, l := range a.Levels {
		if _, ok := pack.LevelByCode(l); !ok {
			no = append(no, school.Refuse("circulars.refused.level", "levels", "value", l))
		}
	}
	for _, s := range a.Series {
		if _, ok := pack.SeriesByCode(s); !ok {
			no = append(no, school.Refuse("circulars.refused.series", "series", "value", s))
		}
	}
	return no.Or()
}

// sign makes a draft a circular: it signs the header, publishes the record and
// addresses it to the schools meant, in the caller's transaction. office names
// the issuer.
func sign(tx *store.Tx, keys *seal.Keys, id store.ID, who school.Actor, title string, office school.SiteInfo) (store.ID, Circular, error) {
	r, err := drafts.Get(tx, id)
	if err != nil {
		return store.ID{}, Circular{}, err
	}
	d := r.Value
	if !d.Circular.IsZero() {
		return store.ID{}, Circular{}, school.Refuse("circulars.refused.signed", "")
	}
	if d.Writing {
		return store.ID{}, Circular{}, school.Refuse("circulars.refused.writing", "", "name", d.AuthorIs)
	}
	if err := checkDraft(tx, &d); err != nil {
		return store.ID{}, Circular{}, err
	}
	sites, err := d.Audience.Sites(tx, org.Today(tx))
	if err != nil {
		return store.ID{}, Circular{}, err
	}
	if len(sites) == 0 {
		return store.ID{}, Circular{}, school.Refuse("circulars.refused.no_school", "audience")
	}
	if !d.Replaces.IsZero() { // another may have ended the old one meanwhile
		if state, _, err := stateOf(tx, d.Replaces); err != nil {
			return store.ID{}, Circular{}, err
		} else if state != "signed" {
			return store.ID{}, Circular{}, school.Refuse("circulars.refused.ended", "")
		}
	}
	audience, err := seal.CanonicalCBOR(d.Audience)
	if err != nil {
		return store.ID{}, Circular{}, fmt.Errorf("sign circular: %w", err)
	}
	h := seal.Header{
		Reference: strings.TrimSpace(d.Reference), Date: org.Today(tx), Issuer: office.Name, Signatory: strings.TrimSpace(who.Name + ", " + title),
		Subject: strings.TrimSpace(d.Subject), Audience: audience, Urgent: d.Urgent, Deadline: d.Deadline,
		Body: seal.HashOf([]byte(d.Body)), Annexes: hashes(d.Annexes), Kind: max(d.Kind, seal.Circular), Replaces: d.Replaces.String(),
	}
	signed, err := keys.Sign(h)
	if err != nil {
		return store.ID{}, Circular{}, fmt.Errorf("sign circular: %w", err)
	}
	c := Circular{
		Signed: signed, Body: d.Body, Annexes: d.Annexes, Reply: d.Reply, Code: seal.ShortCode(signed), Urgent: d.Urgent, Replaces: d.Replaces,
	}
	cid, err := circulars.Add(tx, c)
	if err != nil {
		return store.ID{}, c, err
	}
	if !d.Replaces.IsZero() { // who has the old one must learn of the new one
		sites = append(sites, store.Addressed(tx, d.Replaces)...)
	}
	if err := store.Address(tx, cid, sites); err != nil {
		return store.ID{}, c, err
	}
	if err := seal.Note(tx, cid, signed, pathOf(cid)); err != nil {
		return store.ID{}, c, err
	}
	d.Circular = cid
	if err := drafts.Set(tx, id, d); err != nil {
		return store.ID{}, c, err
	}
	return cid, c, school.Audit(tx, who, "circulars.sign", cid, nil, map[string]any{"reference": d.Reference, "code": c.Code, "schools": len(sites)})
}

// pathOf is a circular's page, at the office and in the schools.
func pathOf(id store.ID) string { return "/circulars/" + id.String() }

func hashes(annexes []store.Blob) (list []seal.Hash) {
	for _, a := range annexes {
		list = append(list, a.Hash)
	}
	return list
}

// Readdress follows the tree: every circular also goes to the schools that its
// audience means today. Who has received it keeps it, in whatever inspection the
// school stands now: an arrivals register does not shrink.
func Readdress(tx *store.Tx) error {
	meant := map[string][]string{} // by audience: many circulars have the same
	for r, err := range circulars.All(tx) {
		if err != nil {
			return err
		}
		h, err := r.Value.Signed.Decode()
		if err != nil {
			continue
		}
		if err := seal.Note(tx, r.ID, r.Value.Signed, pathOf(r.ID)); err != nil {
			return err
		}
		sites, known := meant[string(h.Audience)]
		if !known {
			var a org.Audience
			if err := seal.DecodeCBOR(h.Audience, &a); err != nil {
				continue
			}
			if sites, err = a.Sites(tx, org.Today(tx)); err != nil {
				return err
			}
			meant[string(h.Audience)] = sites
		}
		to := append(store.Addressed(tx, r.ID), sites...)
		if !r.Value.Replaces.IsZero() {
			to = append(to, store.Addressed(tx, r.Value.Replaces)...)
		}
		if err := store.Address(tx, r.ID, to); err != nil {
			return err
		}
	}
	return nil
}

// stateOf is a circular's state at the office: signed, withdrawn or replaced,
// and by which.
func stateOf(tx *store.Tx, id store.ID) (state string, by store.ID, err error) {
	state = "signed"
	for r, err := range circulars.Where(tx, "replaces", id) {
		if err != nil {
			return "", by, err
		}
		h, err := r.Value.Signed.Decode()
		if err != nil {
			return "", by, err
		}
		by = r.ID
		if h.Kind == seal.Withdrawal {
			return Withdrawn, by, nil
		}
		state = Replaced
	}
	return state, by, nil
}

// readdressJob follows the tree of schools, and the days on which a change that
// was entered before begins: who joins an audience gets its circulars.
var readdressJob = appliance.Job{
	Name: "circulars.readdress", At: []web.Kind{web.Office}, Watch: []string{"org.units"}, Every: 6 * time.Hour,
	Run: func(_ context.Context, r *appliance.Running) error { return r.DB.Update(Readdress) },
}
