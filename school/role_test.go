package school_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"preau/school"
	"preau/store"
)

var somebody = store.ID{Number: 1}

func TestAccessDeniesByDefault(t *testing.T) {
	var nobody school.Access
	signedOut := school.Actor{Roles: []school.Role{school.Head}} // roles without a person are worth nothing
	for _, r := range append(slices.Clone(school.BoxRoles), school.OfficeRoles...) {
		a := school.Actor{ID: somebody, Roles: []school.Role{r}}
		if nobody.Allows(a) || school.For().Allows(a) {
			t.Errorf("%s enters where nobody was let in", r)
		}
		if !school.SignedIn().Allows(a) || !school.For(r).Allows(a) || !school.Public().Allows(a) {
			t.Errorf("%s is kept out of his own", r)
		}
	}
	if school.SignedIn().Allows(signedOut) || school.For(school.Head).Allows(signedOut) || !school.Public().Allows(signedOut) {
		t.Error("signed out is not judged as nobody")
	}
	if school.SignedIn().Allows(school.Actor{ID: somebody}) {
		t.Error("a person without a role enters")
	}
	if school.May("no.such.deed").Allows(school.Actor{ID: somebody, Roles: school.BoxRoles}) {
		t.Error("an unknown deed is allowed")
	}
}

// answers is the table of permissions as people read it: deed, then who may.
// Whoever changes the program's table must change this one too.
var answers = map[school.Deed]string{
	school.WriteCirculars:   "publisher",
	school.SignCirculars:    "signatory",
	school.ListCirculars:    "publisher signatory inspector statistician",
	school.CountReceipts:    "publisher signatory inspector statistician",
	school.SeeSchools:       "publisher signatory inspector statistician operator",
	school.ChangeSchools:    "operator",
	school.ChangeAccounts:   "operator",
	school.SeeFleet:         "operator",
	school.ChangeSigningBy:  "operator",
	school.SendPacks:        "signatory",
	school.SeeResults:       "signatory inspector statistician",
	school.ReadCirculars:    "head deputy supervisor secretary teacher technician pupil",
	school.Acknowledge:      "head deputy supervisor secretary teacher technician",
	school.SeeArrivals:      "head deputy secretary",
	school.ForwardCirculars: "head deputy",
	school.SeeReceipts:      "head deputy secretary",
	school.TickReceipts:     "head deputy secretary",
	school.AnswerOffice:     "head deputy",
	school.SeePeople:        "head deputy supervisor secretary",
	school.ImportPeople:     "head deputy secretary",
	school.ChangePeople:     "head deputy secretary",
	school.ChangeStaff:      "head",
	school.AssignTeachers:   "head deputy",
	school.TellAllHeld:      "head secretary",
	school.ResetSecrets:     "head deputy supervisor teacher technician operator",
	school.OpenRooms:        "head deputy supervisor teacher technician",
	school.PrintSecrets:     "head deputy supervisor teacher",
	school.EnterMarks:       "teacher deputy",
	school.SeeMarks:         "head deputy",
	school.CloseMarks:       "deputy",
	school.HoldCouncil:      "head deputy",
	school.IssueBulletins:   "head",
	school.ReadNotices:      "head deputy supervisor secretary teacher technician pupil",
	school.ListNotices:      "head deputy supervisor secretary",
	school.WriteNotices:     "head deputy",
	school.SignNotices:      "head",
	school.SeeHealth:        "head technician operator",
	school.UseSticks:        "head secretary technician operator",
	school.SeeAudit:         "head operator",
	school.SeePacks:         "head deputy signatory statistician",
}

func TestPermissionTable(t *testing.T) {
	if len(answers) != len(school.Deeds()) {
		t.Errorf("%d deeds in the program, %d in the table", len(school.Deeds()), len(answers))
	}
	for deed, who := range answers {
		if school.May(deed).Allows(school.Actor{}) {
			t.Errorf("%s: allowed to who is signed out", deed)
		}
		for _, r := range append(slices.Clone(school.BoxRoles), school.OfficeRoles...) {
			want := slices.Contains(fields(who), string(r))
			if got := school.May(deed).Allows(school.Actor{ID: somebody, Roles: []school.Role{r}}); got != want {
				t.Errorf("%s by %s: %v, the table says %v", deed, r, got, want)
			}
		}
	}
}

func fields(s string) (out []string) {
	for len(s) > 0 {
		var f string
		if n, _ := fmt.Sscan(s, &f); n == 0 {
			break
		}
		out = append(out, f)
		s = s[min(len(s), len(f)+1):]
	}
	return out
}

func TestRefusal(t *testing.T) {
	r := school.Refuse("people.refused.born", "born", "value", "2026-02-31", "odd")
	if len(r.Args) != 1 || r.Args["value"] != "2026-02-31" {
		t.Errorf("args %v", r.Args)
	}
	many := school.Refusals{r, school.Refuse("people.refused.no_name", "surname")}
	err := fmt.Errorf("save: %w", many.Or())
	if got := school.RefusalsIn(err); len(got) != 2 {
		t.Errorf("RefusalsIn finds %d of 2", len(got))
	}
	if got := school.RefusalsIn(fmt.Errorf("save: %w", r)); len(got) != 1 || got[0] != r {
		t.Errorf("RefusalsIn of one: %v", got)
	}
	if !errors.Is(err, &school.Refusal{Key: "people.refused.no_name"}) || errors.Is(err, &school.Refusal{Key: "x"}) {
		t.Error("errors.Is does not go by the key")
	}
	if school.RefusalsIn(errors.New("disk")) != nil || (school.Refusals{}).Or() != nil {
		t.Error("no refusal is taken for one")
	}
	if s := err.Error(); len(s) == 0 || contains(s, "02-31") {
		t.Errorf("the log text %q tells values", s)
	}
}
