package roll

import (
	"regexp"
	"strings"

	"preau/school"
)

// readSex: "" with ok is unknown.
func readSex(s string) (sex string, ok bool) {
	if isNothing(s) {
		return "", true
	}
	switch key(s) {
	case "m", "masculin", "masc", "mas", "g", "garcon", "gar", "garc", "h", "homme", "male", "boy", "mr", "monsieur", "masculine", "ma":
		return "M", true
	case "f", "feminin", "fem", "fille", "fil", "fi", "femme", "female", "girl", "mme", "mlle", "madame", "feminine", "fe":
		return "F", true
	}
	return "", false
}

// readYes reads a cell of "Redoublant"; ok is false for words it does not know.
func readYes(s string) (yes, ok bool) {
	if strings.ContainsAny(s, "✓✔☑✗✘*+") {
		return true, true
	}
	switch k := key(s); k {
	case "":
		return false, true
	case "oui", "o", "ou", "r", "red", "redt", "redouble", "doublant", "doublante", "d", "x", "1", "vrai", "true", "yes", "y", "triplant", "triplante", "rd", "rdt", "rdbl", "2", "v":
		return true, true
	case "non", "n", "no", "p", "passant", "passante", "0", "faux", "false", "nouveau", "nouvelle", "nouv", "nv", "nvx", "nvlle", "nle", "ancien", "ancienne", "a", "nonredoublant", "nonredoublante", "nondoublant", "admis", "admise", "transfere", "transferee", "t", "f":
		return false, true
	default:
		return strings.HasPrefix(k, "redoubl"), strings.HasPrefix(k, "redoubl") || isNothing(s)
	}
}

var (
	exponent   = regexp.MustCompile(`^\d[.,]?\d*[eE]\+\d+$`)
	wholeFloat = regexp.MustCompile(`^(\d+)[.,]0+$`)
)

// readMatricule: "" when none is given. A number that a spreadsheet has cut to
// 1,23E+11 has lost its digits: it is refused.
func readMatricule(text, number string) (string, *school.Refusal) {
	text = strings.TrimSpace(strings.TrimLeft(text, "'’"))
	if isNothing(text) || strings.Trim(text, "0") == "" {
		return "", nil
	}
	switch key(text) {
	case "sm", "sansmatricule", "encours", "aucun", "nonattribue", "nouveau", "nouvelle", "sansmle":
		return "", nil
	}
	if exponent.MatchString(text) {
		if number != "" && !exponent.MatchString(number) {
			return number, nil
		}
		return "", school.Refuse("people.refused.matricule_cut", "matricule", "value", text)
	}
	if m := wholeFloat.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	if len(text) > 40 {
		return "", school.Refuse("people.refused.matricule_long", "matricule", "value", text[:40])
	}
	return text, nil
}

// isFormula: what a spreadsheet would compute when the value comes back to it.
func isFormula(f Field, text string) bool {
	text = strings.TrimLeft(text, "'’ ")
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '@':
		return true
	case '+', '-':
		return f != Phone && f != Repeating && strings.Trim(text, "+-–—. _/") != "" && !isNothing(text)
	}
	return false
}

// posts: what a function in a list of staff means, most telling first.
var posts = []struct {
	words *regexp.Regexp
	role  school.Role
}{
	{regexp.MustCompile(`\b(proviseur adjoint|proviseure adjointe|directeur adjoint|censeure?|directeur des etudes|directrice des etudes|chef des? travaux|deputy)\b`), school.Deputy},
	{regexp.MustCompile(`\b(secretaires?|secretariat|secretary)\b`), school.Secretary},
	{regexp.MustCompile(`\b(proviseure?|chef d etablissement|chef detablissement|principal|principale|directeur|directrice|head)\b`), school.Head},
	{regexp.MustCompile(`\b(surveillante?|surveillance|sg|conseiller principal|cpe|supervisor)\b`), school.Supervisor},
	{regexp.MustCompile(`\b(technicien|technicienne|informaticien|informaticienne|maintenance|administrateur reseau|technician)\b`), school.Technician},
	{regexp.MustCompile(`\b(professeure?s?|profs?|enseignante?s?|charge de cours|chargee de cours|charge du cours|chargee du cours|pl|pc|pa|teacher|vacataire|stagiaire|titulaire)\b`), school.Teacher},
}

// rolesOf reads "Professeur, surveillant général"; nil when no role is meant.
func rolesOf(post string) []school.Role {
	folded := school.Fold(strings.NewReplacer("'", " ", "’", " ").Replace(post))
	var roles []school.Role
	for _, p := range posts {
		if p.words.MatchString(folded) {
			roles = append(roles, p.role)
			folded = p.words.ReplaceAllString(folded, " ")
		}
	}
	return roles
}
