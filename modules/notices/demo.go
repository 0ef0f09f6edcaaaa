package notices

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/seal"
	"preau/store"
)

// sample is one notice of the demonstration. Days count from today; 0 is left out.
type sample struct {
	kind             Kind
	subject, body    string
	roles            []school.Role
	staff, pupils    bool
	levels, classes  []string
	signed           int // days, not after today
	from, until      int // days
	ack              bool
	read             int // of a hundred who are meant
	replaces         string
	withdraws, draft bool
}

// demo signs believable notices at the box, some read by a part of those meant.
func demo(_ context.Context, d *appliance.Demo) error {
	if d.AtOffice() {
		return nil
	}
	key, err := seal.PaperKey(d.Dir)
	if err != nil {
		return err
	}
	seed := [2]uint64{d.Rand.Uint64(), d.Rand.Uint64()}
	err = d.DB.Update(func(tx *store.Tx) error { // may run again: the numbers are drawn anew from the same seed
		m := demoMaker{tx: tx, rand: rand.New(rand.NewPCG(seed[0], seed[1])), made: map[string]store.ID{}}
		if err := m.meet(); err != nil {
			return err
		}
		for i := range samples {
			s := &samples[i]
			id, err := m.write(s)
			if err == nil && !s.draft {
				if m.made[s.subject], err = sign(tx, key, id, m.head, "proviseur", m.day(s.signed)); err == nil {
					err = m.readings(m.made[s.subject], s.read)
				}
			}
			if err != nil {
				return fmt.Errorf("%s: %w", s.subject, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("demo: notices: %w", err)
	}
	return nil
}

type demoMaker struct {
	tx            *store.Tx
	rand          *rand.Rand
	made          map[string]store.ID
	head, censeur school.Actor
	year          string
}

// meet finds the proviseur and the censeur.
func (m *demoMaker) meet() error {
	y, err := school.CurrentYear(m.tx)
	if err != nil {
		return err
	}
	m.year = y.Label
	for role, who := range map[school.Role]*school.Actor{school.Head: &m.head, school.Deputy: &m.censeur} {
		list, err := school.Roster.Staff(m.tx, role)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return errors.New("the school has no " + string(role))
		}
		*who = school.ActorOf(list[0])
	}
	return nil
}

// day is some days from now, YYYY-MM-DD.
func (m *demoMaker) day(n int) string {
	now, _ := m.tx.Now()
	return now.AddDate(0, 0, n).Format(time.DateOnly)
}

func (m *demoMaker) write(s *sample) (store.ID, error) {
	t := Text{
		Kind: s.kind, Subject: s.subject, Body: s.body, Ack: s.ack, Replaces: m.made[s.replaces], Withdraws: s.withdraws,
		Audience: Audience{Staff: s.staff, Roles: s.roles, Pupils: s.pupils, Levels: s.levels},
	}
	if s.from != 0 {
		t.From = m.day(s.from)
	}
	if s.until != 0 {
		t.Until = m.day(s.until)
	}
	for _, label := range s.classes {
		k, err := school.Roster.ClassByLabel(m.tx, m.year, label)
		if err != nil {
			return store.ID{}, fmt.Errorf("class %s: %w", label, err)
		}
		t.Audience.Classes = append(t.Audience.Classes, k.ID)
	}
	return drafts.Add(m.tx, Draft{Text: t, Author: m.censeur.ID, AuthorIs: m.censeur.Name})
}

// readings has some of those meant acknowledge, the proviseur and the censeur never:
// their home pages shall show what there is to do.
func (m *demoMaker) readings(id store.ID, percent int) error {
	n, err := notices.Get(m.tx, id)
	if err != nil || percent == 0 {
		return err
	}
	for p, err := range school.People.Where(m.tx, "name") {
		if err != nil {
			return err
		}
		level, err := levelOf(m.tx, p.Value.Class)
		if err != nil {
			return err
		}
		if m.rand.IntN(100) >= percent || p.Value.Is(school.Head, school.Deputy) || !n.Value.Text.Audience.means(&p.Value, level) {
			continue
		}
		if _, _, err := school.NoteReading(m.tx, id, p, ""); err != nil {
			return err
		}
	}
	return nil
}

var samples = []sample{
	{
		kind: ServiceNote, subject: "Ouverture des salles pour la rentrée", staff: true, signed: -60, until: -45, ack: true, read: 90,
		body: "Les salles sont ouvertes à **6 h 45**. Chaque professeur vérifie l’état du mobilier de sa salle et signale ce qui manque au secrétariat.\n",
	},
	{
		kind: Announcement, subject: "Vente de tenues scolaires", pupils: true, signed: -50, until: -20,
		body: "Les tenues sont en vente au bureau de l’association des parents d’élèves, chaque mercredi de 14 h à 17 h.\n",
	},
	{
		kind: ServiceNote, subject: "Tenue du cahier de textes", roles: []school.Role{school.Teacher}, signed: -40, ack: true, read: 72,
		body: "Le cahier de textes se remplit **à la fin de chaque séance** : titre de la leçon, devoirs donnés, date de remise.\n\n- Il reste au bureau du surveillant général.\n- Il est visé chaque vendredi par le censeur.\n",
	},
	{
		kind: Announcement, subject: "Horaires de la bibliothèque", staff: true, pupils: true, signed: -33,
		body: "La bibliothèque est ouverte du lundi au vendredi, de 12 h à 14 h 30. Trois livres au plus, pour deux semaines.\n",
	},
	{
		kind: ServiceNote, subject: "Surveillance des devoirs du premier semestre", roles: []school.Role{school.Teacher, school.Supervisor}, signed: -12, ack: true, read: 20,
		body: "Les devoirs surveillés se tiennent le samedi matin. La liste des surveillants est affichée en salle des professeurs.\n",
	},
	{
		kind: ServiceNote, subject: "Surveillance des devoirs du premier semestre (rectifiée)", roles: []school.Role{school.Teacher, school.Supervisor}, signed: -6, until: 3, ack: true, read: 41,
		replaces: "Surveillance des devoirs du premier semestre",
		body:     "Les devoirs surveillés se tiennent **le mercredi après-midi**, de 15 h à 18 h.\n\n| Niveau | Salles |\n|---|---|\n| 2nde | 1 à 8 |\n| 1re | 9 à 16 |\n| Tle | 17 à 24 |\n\nUn professeur empêché prévient le censeur la veille au plus tard.\n",
	},
	{
		kind: ServiceNote, subject: "Port de la tenue et retards", pupils: true, signed: -5, ack: true, read: 55,
		body: "La tenue scolaire est obligatoire. Le portail ferme à **7 h 05** ; après cette heure, l’élève passe au bureau du surveillant général et reçoit un billet d’entrée.\n",
	},
	{
		kind: Announcement, subject: "Réunion d’orientation des classes de terminale", levels: []string{"Tle"}, signed: -3, until: 6,
		body: "Les élèves de terminale se réunissent dans la grande cour pour une présentation des filières de l’enseignement supérieur. La présence est vivement souhaitée.\n",
	},
	{
		kind: Announcement, subject: "Coupure d’eau", staff: true, pupils: true, signed: -2, until: 4,
		body: "L’eau est coupée dans le bâtiment B jusqu’à la fin des travaux. Le robinet de la cour reste ouvert.\n",
	},
	{
		kind: Announcement, subject: "Sortie pédagogique à Kpalimé reportée", staff: true, signed: -1, until: 5,
		body: "La sortie pédagogique à Kpalimé est reportée ; une nouvelle date sera annoncée.\n",
	},
	{
		kind: Announcement, subject: "Tournoi interclasses de football", pupils: true, from: 3, until: 24,
		body: "Le tournoi commence par les classes de seconde. Les capitaines remettent leur liste au professeur d’EPS.\n",
	},
	{
		kind: ServiceNote, subject: "Remise des notes du premier semestre", roles: []school.Role{school.Teacher}, until: 20, ack: true, draft: true,
		body: "Les notes de classe sont saisies **avant la semaine des compositions**. Passé ce délai, la saisie se fait avec l’accord du censeur.\n",
	},
}
