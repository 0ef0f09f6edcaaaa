package circulars

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
)

// sample is one circular of the demonstration.
type sample struct {
	reference, subject, body string
	annexes                  map[string]string // file name → text
	audience                 org.Audience
	urgent, reply            bool
	days                     int // to the deadline; 0 none
	replaces                 string
	draft                    bool
}

// demo signs believable circulars at the office; the exchange carries them to
// the box like any other.
func demo(_ context.Context, d *appliance.Demo) error {
	if !d.AtOffice() {
		return nil
	}
	keys, err := officeKeys(d.DB)
	if err != nil {
		return err
	}
	made := map[string]store.ID{}
	for _, s := range samples {
		var annexes []store.Blob
		for name, text := range s.annexes {
			h, n, err := d.DB.PutBlob(strings.NewReader(text), maxAnnexes)
			if err != nil {
				return err
			}
			annexes = append(annexes, store.Blob{Hash: h, Size: n, Name: name, Type: "text/plain; charset=utf-8"})
		}
		err := d.DB.Update(func(tx *store.Tx) error {
			id, err := publishSample(tx, keys, s, annexes, made[s.replaces])
			if !s.draft {
				made[s.reference] = id
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("demo: %s: %w", s.reference, err)
		}
	}
	return nil
}

func publishSample(tx *store.Tx, keys *seal.Keys, s sample, annexes []store.Blob, replaces store.ID) (store.ID, error) {
	now, _ := tx.Now()
	dr := Draft{
		Reference: s.reference, Subject: s.subject, Body: s.body, Annexes: annexes, Audience: s.audience, Urgent: s.urgent, Reply: s.reply,
		Kind: seal.Circular, Replaces: replaces,
	}
	if !replaces.IsZero() {
		dr.Kind = seal.Replacement
	}
	if s.days > 0 {
		dr.Deadline = now.AddDate(0, 0, s.days).Format(time.DateOnly)
	}
	author, err := one(tx, school.Publisher)
	if err != nil {
		return store.ID{}, err
	}
	dr.Author, dr.AuthorIs = author.ID, author.Name
	id, err := drafts.Add(tx, dr)
	if err != nil || s.draft {
		return id, err
	}
	signatory, err := one(tx, school.Signatory)
	if err != nil {
		return id, err
	}
	office, err := school.Site(tx)
	if err != nil {
		return id, err
	}
	cid, _, err := sign(tx, keys, id, signatory, "secrétaire général", office)
	return cid, err
}

// one is somebody with a role.
func one(tx *store.Tx, role school.Role) (school.Actor, error) {
	list, err := school.Roster.Staff(tx, role)
	if err != nil {
		return school.Actor{}, err
	}
	if len(list) == 0 {
		return school.Actor{}, errors.New("the office has no " + string(role))
	}
	return school.ActorOf(list[0]), nil
}

var everyone = org.Audience{Everyone: true}

var samples = []sample{
	{
		reference: "n° 071/MEPSTA/CAB", subject: "Ouverture de l’année scolaire 2026-2027", audience: everyone,
		body: "Les chefs d’établissement veillent à la reprise effective des cours dès le premier jour.\n\n- Les emplois du temps sont affichés avant la rentrée.\n- Les listes de classes sont transmises au censeur.\n- Aucun élève n’est renvoyé pour défaut d’uniforme pendant la première quinzaine.\n",
	},
	{
		reference: "n° 074/MEPSTA/SG", subject: "Mise à jour de la carte scolaire", audience: org.Audience{Everyone: true, Roles: []school.Role{school.Head, school.Deputy, school.Secretary}}, reply: true, days: 21,
		body:    "Chaque établissement vérifie la fiche jointe et **signale toute différence** : salles, effectifs, accès à l’eau et à l’électricité.\n\nLa réponse tient en un texte court, avec la fiche corrigée s’il y a lieu.\n",
		annexes: map[string]string{"fiche-carte-scolaire.txt": "Fiche de l’établissement\n\nNom :\nCode :\nSalles de classe :\nLaboratoires :\nPoint d’eau (oui/non) :\nÉlectricité (réseau, solaire, groupe, aucune) :\n"},
	},
	{
		reference: "n° 075/MEPSTA/SG", subject: "Dotation en manuels de sciences physiques", audience: org.Audience{Everyone: true, Levels: []string{"1re", "Tle"}},
		body: "La dotation 2026 en manuels de sciences physiques est à retirer auprès de la direction régionale, sur présentation de la présente circulaire.\n\n1. Désigner un responsable du retrait.\n2. Inscrire les manuels au registre avant toute distribution.\n3. Tenir le registre à la disposition de l’inspection.\n",
	},
	{
		reference: "n° 078/MEPSTA/CAB", subject: "Journée de reboisement dans les établissements", audience: everyone,
		body: "La journée nationale de reboisement est célébrée dans tous les établissements. Chaque classe plante et entretient au moins deux plants.\n",
	},
	{
		reference: "n° 079/MEPSTA/CAB/SG", subject: "Interdiction du téléphone : rappel aux élèves", audience: org.Audience{Everyone: true, Roles: append([]school.Role{school.Pupil}, school.BoxStaff...)}, urgent: true, days: 4,
		body: "L’usage du téléphone portable par les élèves reste **interdit dans l’enceinte des établissements**.\n\nLes professeurs le rappellent dans chaque classe ; les chefs d’établissement en rendent compte.\n",
	},
	{
		reference: "n° 081/MEPSTA/SG/DRH", subject: "Recensement des enseignants volontaires", audience: everyone, days: 12, reply: true,
		body:    "Les établissements recensent les enseignants volontaires en poste au 1er octobre.\n\n| Colonne | Contenu |\n|---|---|\n| Nom | en capitales |\n| Discipline | une seule, la principale |\n| Heures | par semaine |\n",
		annexes: map[string]string{"modele-recensement.csv": "NOM;Prénoms;Discipline;Heures par semaine\n"},
	},
	{
		reference: "n° 080/MEPSTA/CAB/SG", subject: "Calendrier des compositions du premier semestre", audience: everyone,
		body: "Les compositions du premier semestre se tiennent du 1er au 5 février 2027.\n",
	},
	{
		reference: "n° 082/MEPSTA/CAB/SG", subject: "Calendrier des compositions du premier semestre (rectifié)", audience: everyone, replaces: "n° 080/MEPSTA/CAB/SG", days: 8,
		body:    "Les compositions du premier semestre se tiennent **du 8 au 12 février 2027** dans tous les lycées.\n\n## Organisation\n\n- Les sujets sont remis sous pli fermé au censeur.\n- Les notes sont saisies avant le 19 février.\n- Les conseils de classe se réunissent du 22 au 26 février.\n\nLe calendrier détaillé par série est en annexe.\n",
		annexes: map[string]string{"calendrier-detaille.txt": "Lundi 8 février : français, histoire-géographie\nMardi 9 février : mathématiques, anglais\nMercredi 10 février : sciences physiques, SVT\nJeudi 11 février : philosophie, EPS\nVendredi 12 février : épreuves de spécialité\n"},
	},
	{
		reference: "n° 084/MEPSTA/SG", subject: "Visite médicale des élèves de seconde", audience: org.Audience{Regions: []string{"DRE-GL"}}, urgent: true, days: 2, draft: true,
		body: "La visite médicale des élèves de seconde commence la semaine prochaine. Remettez à chaque classe son jour de passage.\n",
	},
}
