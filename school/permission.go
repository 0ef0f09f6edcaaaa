package school

import (
	"errors"

	"preau/store"
)

// Deed is something that not everybody may do. Routes, commands and endpoints
// ask the same table: school.May(school.SignCirculars).
type Deed string

// The deeds at the office.
const (
	WriteCirculars  Deed = "circulars.write"
	SignCirculars   Deed = "circulars.sign" // signing, withdrawing, replacing
	ListCirculars   Deed = "circulars.list"
	CountReceipts   Deed = "circulars.count" // per school and role, never by name
	SeeSchools      Deed = "schools.see"
	ChangeSchools   Deed = "schools.change" // registry, enrolment codes, revoking a box
	ChangeAccounts  Deed = "accounts.change"
	SeeFleet        Deed = "fleet.see"
	ChangeSigningBy Deed = "keys.change" // rotation and revocation of signing keys
	SendPacks       Deed = "packs.send"  // a country pack, to every school
	SeeResults      Deed = "results.see" // counts of results, per school, never by name
)

// The deeds in a school.
const (
	ReadCirculars    Deed = "circulars.read" // those one is meant by
	Acknowledge      Deed = "circulars.acknowledge"
	SeeArrivals      Deed = "arrivals.see"     // the arrivals register, all circulars
	ForwardCirculars Deed = "arrivals.forward" // to groups of staff, with a note
	SeeReceipts      Deed = "receipts.see"     // by name
	TickReceipts     Deed = "receipts.tick"    // the printed émargement sheet
	AnswerOffice     Deed = "arrivals.answer"
	SeePeople        Deed = "people.see" // everybody on the roster
	ImportPeople     Deed = "people.import"
	ChangePeople     Deed = "people.change" // add, edit, leave, come back, photos, the year's change
	ChangeStaff      Deed = "staff.change"  // functions and accounts of staff
	AssignTeachers   Deed = "teachers.assign"
	TellAllHeld      Deed = "people.held"   // everything held on one person, for that person
	ResetSecrets     Deed = "secrets.reset" // see MayResetSecret for whose
	EnterMarks       Deed = "marks.enter"   // see MayEnterMarks for which
	SeeMarks         Deed = "marks.see"     // of every class
	CloseMarks       Deed = "marks.close"   // closing dates, reopening, any sheet
	OpenRooms        Deed = "rooms.open"    // where pupils sign in
	PrintSecrets     Deed = "secrets.print" // sheets of one-time PINs and cards, a class at a time
	HoldCouncil      Deed = "marks.council" // say what the council says, write down appeals and decide them
	IssueBulletins   Deed = "marks.issue"
	ReadNotices      Deed = "notices.read"  // those one is meant by, and acknowledge them
	ListNotices      Deed = "notices.list"  // every notice of the school, what is to come included
	WriteNotices     Deed = "notices.write" // drafts, withdrawals, replacements
	SignNotices      Deed = "notices.sign"
)

// The deeds at both.
const (
	SeeHealth Deed = "health.see"
	UseSticks Deed = "sticks.use" // the exchange by USB stick
	SeeAudit  Deed = "audit.see"
	SeePacks  Deed = "packs.see" // which country pack counts from when
)

// deeds is the whole table. A deed that does not stand here is nobody's.
// Source of the duties: DOMAIN, people and machines; the technician looks
// after the box and sees no pupil's data, the statistician sees no names.
var deeds = map[Deed]Access{
	WriteCirculars:  For(Publisher),
	SignCirculars:   For(Signatory),
	ListCirculars:   For(Publisher, Signatory, Inspector, Statistician),
	CountReceipts:   For(Publisher, Signatory, Inspector, Statistician),
	SeeSchools:      For(OfficeRoles...),
	ChangeSchools:   For(Operator),
	ChangeAccounts:  For(Operator),
	SeeFleet:        For(Operator),
	ChangeSigningBy: For(Operator),
	SendPacks:       For(Signatory),
	SeeResults:      For(Signatory, Inspector, Statistician),

	ReadCirculars:    For(BoxRoles...),
	Acknowledge:      For(BoxStaff...),
	SeeArrivals:      For(Head, Deputy, Secretary),
	ForwardCirculars: For(Head, Deputy),
	SeeReceipts:      For(Head, Deputy, Secretary),
	TickReceipts:     For(Head, Deputy, Secretary),
	AnswerOffice:     For(Head, Deputy),
	SeePeople:        For(Head, Deputy, Supervisor, Secretary),
	ImportPeople:     For(Head, Deputy, Secretary),
	ChangePeople:     For(Head, Deputy, Secretary),
	ChangeStaff:      For(Head),
	AssignTeachers:   For(Head, Deputy),
	TellAllHeld:      For(Head, Secretary),
	ResetSecrets:     For(Head, Deputy, Supervisor, Teacher, Technician, Operator),
	OpenRooms:        For(Head, Deputy, Supervisor, Teacher, Technician),
	PrintSecrets:     For(Head, Deputy, Supervisor, Teacher),

	EnterMarks: For(Teacher, Deputy),
	SeeMarks:   For(Head, Deputy),
	CloseMarks: For(Deputy),

	HoldCouncil:    For(Head, Deputy),
	IssueBulletins: For(Head),

	ReadNotices:  For(BoxRoles...),
	ListNotices:  For(Head, Deputy, Supervisor, Secretary),
	WriteNotices: For(Head, Deputy),
	SignNotices:  For(Head),

	SeeHealth: For(Head, Technician, Operator),
	UseSticks: For(Head, Secretary, Technician, Operator),
	SeeAudit:  For(Head, Operator),
	SeePacks:  For(Head, Deputy, Signatory, Statistician),
}

// May says who may do a deed; nobody may do an unknown one.
func May(d Deed) Access { return deeds[d] }

// Deeds lists every deed of the table, in no order.
func Deeds() []Deed {
	list := make([]Deed, 0, len(deeds))
	for d := range deeds {
		list = append(list, d)
	}
	return list
}

// MaySeePerson tells whether the actor may see a person's record: oneself,
// who sees the whole roster, and of pupils those one teaches. Names of
// colleagues are no secret among staff; pupils see only themselves.
func MaySeePerson(tx *store.Tx, who Actor, person store.Record[Person]) (bool, error) {
	switch {
	case !who.SignedIn():
		return false, nil
	case who.ID == person.ID, May(SeePeople).Allows(who), May(ChangeAccounts).Allows(who):
		return true, nil
	case person.Value.Kind == Staff:
		return who.Is(BoxStaff...), nil
	case who.Is(Teacher):
		return Roster.Teaches(tx, who.ID, person.Value.Class)
	}
	return false, nil
}

// MayResetSecret tells whether the actor may give a person a one-time secret.
// One's own is changed by knowing it. In a school the head and the technician
// do it for staff, but only the head for a deputy and nobody but the command
// line for the head, so that a reset never gives more rights than one has; for
// pupils the head, the deputy, the supervisor and their teachers. At the
// office the operator, except for other operators and signatories.
func MayResetSecret(tx *store.Tx, who Actor, person store.Record[Person]) (bool, error) {
	p := &person.Value
	switch {
	case !who.SignedIn(), who.ID == person.ID, p.Left != "", p.Is(Head, Operator, Signatory):
		return false, nil
	case p.Kind == PupilKind && who.Is(Head, Deputy, Supervisor):
		return true, nil
	case p.Kind == PupilKind && who.Is(Teacher):
		return Roster.Teaches(tx, who.ID, p.Class)
	case p.Kind != Staff:
		return false, nil
	case p.Is(OfficeRoles...):
		return who.Is(Operator), nil
	case p.Is(Deputy):
		return who.Is(Head), nil
	}
	return who.Is(Head, Technician), nil
}

// MayEnterMarks tells whether the actor may make evaluations and enter marks in
// a class and subject: the chargé du cours, and the censeur anywhere.
func MayEnterMarks(tx *store.Tx, who Actor, class store.ID, subject string) (bool, error) {
	if !May(EnterMarks).Allows(who) || class.IsZero() || subject == "" {
		return false, nil
	}
	if May(CloseMarks).Allows(who) {
		return true, nil
	}
	n, err := Assignments.Count(tx, "person", who.ID, class, subject)
	return n > 0, err
}

// MaySeeMarks tells whether the actor may see the marks of a class in a subject
// (subject "": in all of them): who enters them, the class's titular, and who
// answers for studies.
func MaySeeMarks(tx *store.Tx, who Actor, class store.ID, subject string) (bool, error) {
	if !who.SignedIn() || class.IsZero() {
		return false, nil
	}
	if May(SeeMarks).Allows(who) {
		return true, nil
	}
	if !who.Is(Teacher) {
		return false, nil
	}
	c, err := Classes.Get(tx, class)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || c.Value.Titular == who.ID {
		return err == nil, err
	}
	return MayEnterMarks(tx, who, class, subject)
}
