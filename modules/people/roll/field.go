package roll

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"preau/school"
)

// Field is what a column holds. Ignored is a column that is not read.
type Field string

// The fields of a list of people.
const (
	Ignored   Field = ""
	Number    Field = "number"    // order number of the row
	Matricule Field = "matricule" //
	NIU       Field = "niu"       //
	FullName  Field = "name"      // surname, then given names
	NameFirst Field = "name_given_first"
	Surname   Field = "surname"
	Given     Field = "given"
	Sex       Field = "sex"
	Boy       Field = "sex_m" // a cross in the column of boys
	Girl      Field = "sex_f"
	Born      Field = "born"
	BornPlace Field = "born_and_place" // "12/03/2009 à Lomé"
	Place     Field = "birth_place"
	Class     Field = "class"
	Level     Field = "level"
	Series    Field = "series"
	Repeating Field = "repeating"
	Father    Field = "father"
	Mother    Field = "mother"
	Guardian  Field = "guardian"
	Phone     Field = "phone" // of a member of staff, or of a pupil's guardian
	Post      Field = "post"  // fonction: gives the roles of staff
	Subject   Field = "subject"
	Status    Field = "status"
	Diploma   Field = "diploma"
	Sort      Field = "kind" // pupil or staff, in a list that we exported
)

// Fields lists what a person may choose from when correcting the columns of a
// list of a kind, in the order of a form.
func Fields(kind school.Kind) []Field {
	shared := []Field{Matricule, FullName, Surname, Given, NameFirst, Sex, Born, BornPlace, Place}
	if kind == school.Staff {
		return append(shared, Post, Subject, Status, Diploma, Phone, NIU, Boy, Girl)
	}
	return append(shared, Class, Level, Series, Repeating, Father, Mother, Guardian, Phone, NIU, Boy, Girl)
}

// headings as they are written, by field, accents, case and signs apart.
var headings = map[Field][]string{
	Number:    {"N", "No", "Num", "Numéro", "N° d'ordre", "N° ordre", "Numéro d'ordre", "Ordre", "Rang", "Nos", "Numéros", "N° d'appel", "N° Ord"},
	Matricule: {"Matricule", "Matricules", "Mat", "Mle", "Matr", "N° matricule", "N° Mle", "N° mat", "No matr", "Num matricule", "Numéro matricule", "Matricule national", "Matricule élève", "Matricule de l'élève", "Numéro d'immatriculation", "Immatriculation", "Identifiant", "Identifiant national", "ID", "ID élève", "Code élève", "Code", "Registration number", "Student ID", "N° d'inscription", "Numéro d'inscription"},
	NIU:       {"NIU", "N° NIU", "Numéro identifiant unique", "Numéro national unique"},
	FullName:  {"Nom et prénom", "Nom et prénoms", "Noms et prénoms", "Noms et prénom", "Nom prénom", "Nom prénoms", "Noms prénoms", "Nom / prénoms", "Nom complet", "Identité", "Élève", "Élèves", "Nom de l'élève", "Noms des élèves", "Liste des élèves", "Full name", "Name", "Student", "Pupil", "Nom du professeur", "Enseignant", "Enseignants", "Professeurs", "Personnel", "Candidat", "Apprenant", "Apprenants", "Nom et pnoms", "Nom et post-nom", "Nom pren"},
	NameFirst: {"Prénom et nom", "Prénoms et nom", "Prénoms et noms", "Prénom nom", "Prénoms nom"},
	Surname:   {"Nom", "Noms", "Nom de famille", "Nom famille", "Noms de famille", "Patronyme", "Surname", "Last name", "Family name", "Nom patronymique", "Nom de naissance"},
	Given:     {"Prénom", "Prénoms", "Prénom(s)", "Pnom", "Pnoms", "Pren", "Postnom et prénom", "Post-nom et prénom", "Postnoms et prénoms", "Given name", "Given names", "First name", "First names", "Forename"},
	Sex:       {"Sexe", "Sex", "Genre", "Sx", "S", "M/F", "F/M", "G/F", "F/G", "H/F", "Sexe M/F", "Sexe (M ou F)", "Gender"},
	Boy:       {"Garçon", "Garçons", "Masculin", "Masc"},
	Girl:      {"Fille", "Filles", "Féminin", "Fém"},
	Born:      {"Date de naissance", "Date naissance", "Date de naiss", "Date naiss", "Date de nais", "Date nais", "Date de nce", "Date de Nces", "D naiss", "DDN", "DN", "D.N.", "Naissance", "Né le", "Née le", "Né(e) le", "Né / née le", "Né ou née le", "Date naiss jj/mm/aaaa", "Birth date", "Date of birth", "DOB", "Born", "Année de naissance", "Dates de naissance", "Année naissance", "Date nce", "Nais"},
	BornPlace: {"Date et lieu de naissance", "Date lieu de naissance", "Date et lieu naiss", "Date et lieu de naiss", "Date et lieu", "Né(e) le et à", "Né(e) le à", "Dates et lieux de naissance", "Date & lieu de nais", "Né le à"},
	Place:     {"Lieu de naissance", "Lieu naissance", "Lieu de naiss", "Lieu naiss", "Lieu de nais", "Lieu", "Lieu nais", "Né(e) à", "Né à", "Née à", "À", "Place of birth", "Birth place", "Lieu de nce", "Lieux de naissance"},
	Class:     {"Classe", "Classes", "Cl", "Class", "Division", "Classe actuelle", "Classe fréquentée", "Classe 2026-2027", "Classe de l'élève", "Clas", "Classe/Série", "Classe et série", "Form", "Grade", "Salle de classe"},
	Level:     {"Niveau", "Niveaux", "Niveau d'étude", "Level", "Niv"},
	Series:    {"Série", "Séries", "Ser", "Filière", "Section", "Série/Filière", "Series", "Stream", "Spécialité", "Série ou filière"},
	Repeating: {"Redoublant", "Redoublante", "Redoublant(e)", "Redoublants", "Redoublement", "Redouble", "Red", "Redt", "Redbt", "Redbl", "Redoub", "Redblt", "R", "R/N", "N/R", "P/R", "Doublant", "Doublant(e)", "Repeating", "Repeater", "Nouveau/Redoublant", "Statut", "Situation", "Qualité", "Qté", "Redoublant O/N", "Redoublant oui/non", "Passant/Redoublant", "Nouveau ou redoublant", "N ou R"},
	Father:    {"Père", "Nom du père", "Nom et prénoms du père", "Father"},
	Mother:    {"Mère", "Nom de la mère", "Nom et prénoms de la mère", "Mother"},
	Guardian:  {"Tuteur", "Tutrice", "Tuteur légal", "Parent", "Parents", "Nom du tuteur", "Nom du parent", "Parent ou tuteur", "Parents / tuteurs", "Responsable", "Responsable légal", "Guardian", "Correspondant"},
	Phone:     {"Téléphone", "Tél", "Tel", "N° tél", "Numéro de téléphone", "N° de téléphone", "Contact", "Contacts", "Portable", "Mobile", "GSM", "Cel", "Cellulaire", "Contact parent", "Contact des parents", "Tél parent", "Tél des parents", "Téléphone parent", "Téléphone du tuteur", "Phone", "WhatsApp", "Adresse téléphonique", "Contact du parent"},
	Post:      {"Fonction", "Fonctions", "Poste", "Emploi", "Fonction occupée", "Poste occupé", "Rôle", "Role", "Titre", "Charge", "Responsabilité", "Fonction actuelle", "Position"},
	Subject:   {"Matière", "Matières", "Discipline", "Disciplines", "Matière enseignée", "Matières enseignées", "Discipline enseignée", "Disciplines enseignées", "Spécialité", "Subject", "Cours"},
	Status:    {"Statut", "Corps", "Catégorie", "Situation administrative", "Status", "Nature", "Type de contrat", "Contrat"},
	Sort:      {"Sorte"},
	Diploma:   {"Diplôme", "Diplômes", "Dernier diplôme", "Diplôme le plus élevé", "Diplôme académique", "Diploma", "Qualification"},
}

// Words that make of any heading one that is not for the roster: the class of
// last year, dates of other events, the names of documents.
var otherThings = regexp.MustCompile(`precedent|ancien|anterieur|origine|provenance|annee passee|derniere? (classe|annee)|table|recu|montant|ecolage|frais|inscription le|date d (inscription|entree|arrivee|embauche|prise)|delivr|extrait|acte|jugement|observation|signature|emargement|moyenne|\bnotes?\b|age\b|prise de service`)

var (
	bracketed = regexp.MustCompile(`\([^)]*\)|\[[^\]]*\]`)
	tails     = regexp.MustCompile(` (de l|de la|des|du|d|de)? ?(eleves?|lelève|leleve|deleves?|candidats?|apprenants?|enseignants?|professeurs?|agents?|etudiants?)$`)
)

// key is a heading without case, accents, signs and spaces.
func key(s string) string { return strings.ReplaceAll(school.Fold(s), " ", "") }

var (
	pupilHeadings = tableOf(school.PupilKind)
	staffHeadings = tableOf(school.Staff)
)

func tableOf(kind school.Kind) map[string]Field {
	table := map[string]Field{}
	fields := append(Fields(kind), Number, Sort)
	if kind == school.Staff {
		fields = append(fields, Class) // known, so that a list of pupils is told from one of staff
	}
	for _, f := range fields {
		for _, h := range headings[f] {
			if _, taken := table[key(h)]; !taken {
				table[key(h)] = f
			}
		}
	}
	return table
}

// Recognise says what a heading announces in a list of a kind. Signs, case,
// accents, brackets and one wrong letter do not matter.
func Recognise(heading string, kind school.Kind) Field {
	if len(heading) > 80 || heading == "" {
		return Ignored
	}
	table := pupilHeadings
	if kind == school.Staff {
		table = staffHeadings
	}
	folded := school.Fold(heading)
	bare := school.Fold(bracketed.ReplaceAllString(heading, " "))
	short := tails.ReplaceAllString(bare, "")
	for _, k := range []string{folded, bare, short} {
		if f, ok := table[strings.ReplaceAll(k, " ", "")]; ok && k != "" {
			return f
		}
	}
	if otherThings.MatchString(folded) || strings.Trim(folded, "0123456789 ") == "" {
		return Ignored
	}
	if f := byWords(bare, kind); f != Ignored {
		return f
	}
	return nearest(strings.ReplaceAll(short, " ", ""), table)
}

// byWords reads headings that no list of spellings would ever hold all of.
func byWords(folded string, kind school.Kind) Field {
	words := strings.Fields(folded)
	if len(words) == 0 || len(words) > 7 {
		return Ignored
	}
	has := func(prefixes ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(w, p) })
		})
	}
	switch {
	case has("tel", "phone", "contact", "portable"):
		return Phone
	case has("pere"):
		return Father
	case has("mere"):
		return Mother
	case has("tuteur", "parent", "responsable"):
		return Guardian
	case has("naiss", "nais", "nce") && has("lieu") && has("date", "ne"):
		return BornPlace
	case has("naiss", "nais", "nce") && has("lieu"):
		return Place
	case has("naiss", "nais") && has("date", "dat", "jour"):
		return Born
	case has("matric"):
		return Matricule
	case has("prenom") && has("nom"):
		if strings.HasPrefix(words[0], "prenom") {
			return NameFirst
		}
		return FullName
	case strings.HasPrefix(words[0], "prenom"):
		return Given
	case has("redoubl", "doublant"):
		return Repeating
	case strings.HasPrefix(words[0], "sexe"):
		return Sex
	case kind == school.PupilKind && strings.HasPrefix(words[0], "classe"):
		return Class
	case kind == school.PupilKind && strings.HasPrefix(words[0], "serie"):
		return Series
	case kind == school.Staff && strings.HasPrefix(words[0], "fonction"):
		return Post
	case kind == school.Staff && has("matiere", "disciplin"):
		return Subject
	}
	return Ignored
}

// nearest forgives one wrong letter in a long heading ("Date de naisance").
func nearest(k string, table map[string]Field) Field {
	if len(k) < 6 {
		return Ignored
	}
	found := Ignored
	for h, f := range table {
		if len(h) < 6 || h[0] != k[0] || abs(len(h)-len(k)) > 1 || levenshtein.ComputeDistance(h, k) > 1 {
			continue
		}
		if found != Ignored && found != f {
			return Ignored
		}
		found = f
	}
	return found
}

func abs(n int) int { return max(n, -n) }
