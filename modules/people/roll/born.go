package roll

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"preau/school"
	"preau/school/sheet"
)

// Birth is a birth date as the roster keeps it: exact in Day (YYYY-MM-DD), or
// inexact in Text ("vers 2009"), or unknown with both empty. Place is what
// follows in cells such as "12/03/2009 à Lomé".
type Birth struct{ Day, Text, Place string }

var months = map[string]int{
	"janvier": 1, "janv": 1, "jan": 1, "january": 1, "fevrier": 2, "fevr": 2, "fev": 2, "feb": 2, "february": 2,
	"mars": 3, "mar": 3, "march": 3, "avril": 4, "avr": 4, "apr": 4, "april": 4, "mai": 5, "may": 5,
	"juin": 6, "jun": 6, "june": 6, "juillet": 7, "juil": 7, "jul": 7, "july": 7, "jui": 7,
	"aout": 8, "aou": 8, "aug": 8, "august": 8, "septembre": 9, "sept": 9, "sep": 9, "september": 9,
	"octobre": 10, "oct": 10, "october": 10, "novembre": 11, "nov": 11, "november": 11,
	"decembre": 12, "dec": 12, "december": 12,
}

var (
	dayFirst   = regexp.MustCompile(`^(\d{1,2}) ?[/.,\-–_ ] ?(\d{1,2}) ?[/.,\-–_ ] ?(\d{4}|\d{2})$`)
	yearFirst  = regexp.MustCompile(`^(\d{4}) ?[/.\- ] ?(\d{1,2}) ?[/.\- ] ?(\d{1,2})$`)
	wordMonth  = regexp.MustCompile(`^(\d{1,2})(?:er|ere)? ?[/.\- ]? ?([a-z]+) ?[/.\- ]? ?(\d{4}|\d{2})$`)
	monthYear  = regexp.MustCompile(`^(\d{1,2}) ?[/.\-] ?(\d{4})$`)
	packed     = regexp.MustCompile(`^(\d{2})(\d{2})(\d{4})$`)
	atTime     = regexp.MustCompile(`[T ]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?( ?(AM|PM|am|pm))?Z?$`)
	weekday    = regexp.MustCompile(`^(lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun|mar|mer|jeu|ven|sam|dim)\.?,? (.*\d.*)$`)
	bornAtWord = regexp.MustCompile(`^(?:ne\(e\)|né\(e\)|née|nee|né|ne) (?:le |en )?`)
	aboutWord  = regexp.MustCompile(`^(?:vers|v|env|environ|circa|ca|courant|en|annee|an|nev|ne en|nee en|ne vers|nee vers|presume|presumee|presume ne en|declare ne en)( l annee| l an| en| le)? `)
	aboutDay   = regexp.MustCompile(`^(?:vers|env\.?|environ|v\.?) (?:le )?(\d.*\d)$`)
	twoYears   = regexp.MustCompile(`^(?:(?:entre|vers|de) )?(?:19|20)\d\d ?(?:et|ou|a|-|/) ?(?:19|20)\d\d$`)
	aYear      = regexp.MustCompile(`\b(19|20)\d{2}\b`)
	unknownDay = regexp.MustCompile(`^(?:0{1,2}|x{1,2}|-{1,2}|\.{1,2}|\?{1,2}) ?[/.\-] ?(?:0{1,2}|x{1,2}|-{1,2}|\.{1,2}|\?{1,2}) ?[/.\-] ?(\d{4})$`)
	placeAfter = regexp.MustCompile(`(?i)^(.*\d{2,4})\s*(?:à |a |,|;|-|–|/|\()?\s*([\p{L}].*)$`)
	letterO    = regexp.MustCompile(`^[0-9oO/.\- ]+$`)
)

// ReadBirth reads a cell. today bounds what can be a birth; "" when the clock
// is not to be trusted. american reads 8/14/2010 as 14 August.
func ReadBirth(c sheet.Cell, today string, american bool) (Birth, *school.Refusal) {
	if c.Date != "" {
		if !school.ValidDay(c.Date) {
			return Birth{}, school.Refuse("people.refused.born_unread", "born", "value", c.Text)
		}
		return exact(c.Date, c.Text, today)
	}
	if c.Number != "" {
		if day, ok := serial(c.Number); ok {
			return exact(day, c.Text, today)
		}
	}
	text := strings.TrimSpace(strings.TrimLeft(c.Text, "'’"))
	b, no := readBirthText(text, today, american)
	if no == nil || no.Key != "people.refused.born_unread" {
		return b, no
	}
	if m := placeAfter.FindStringSubmatch(text); m != nil {
		if with, r := readBirthText(strings.TrimSpace(m[1]), today, american); r == nil || r.Key != "people.refused.born_unread" {
			with.Place = strings.TrimSpace(strings.TrimRight(m[2], ")"))
			return with, r
		}
	}
	return b, no
}

func readBirthText(text, today string, american bool) (Birth, *school.Refusal) {
	if isNothing(text) {
		return Birth{}, nil
	}
	s := atTime.ReplaceAllString(text, "")
	if letterO.MatchString(s) {
		s = strings.NewReplacer("o", "0", "O", "0").Replace(s)
	}
	s = strings.ToLower(strings.TrimSpace(s))
	s = bornAtWord.ReplaceAllString(s, "")
	s = strings.TrimPrefix(s, "le ")
	if m := weekday.FindStringSubmatch(s); m != nil {
		s = m[2]
	}
	if m := unknownDay.FindStringSubmatch(s); m != nil {
		return Birth{Text: "vers " + m[1]}, nil
	}
	if m := yearFirst.FindStringSubmatch(s); m != nil {
		return fromParts(m[3], m[2], m[1], text, today)
	}
	if m := dayFirst.FindStringSubmatch(s); m != nil {
		if american {
			m[1], m[2] = m[2], m[1]
		}
		return fromParts(m[1], m[2], m[3], text, today)
	}
	if m := packed.FindStringSubmatch(s); m != nil {
		return fromParts(m[1], m[2], m[3], text, today)
	}
	plain := strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(school.Fold(strings.NewReplacer("'", " ", "’", " ").Replace(s)), "1er ", "1 "), "  ", " "))
	if m := wordMonth.FindStringSubmatch(plain); m != nil && months[m[2]] != 0 {
		return fromParts(m[1], strconv.Itoa(months[m[2]]), m[3], text, today)
	}
	if day, ok := serial(strings.ReplaceAll(s, ",", ".")); ok {
		return exact(day, text, today)
	}
	if m := aboutDay.FindStringSubmatch(s); m != nil { // "vers 12/08/2009": about, yet the day must exist
		if b, no := readBirthText(m[1], today, american); no != nil || b.Day != "" {
			return Birth{Text: text}, no
		}
	}
	if twoYears.MatchString(plain) {
		return Birth{Text: text}, nil
	}
	return inexact(s, plain, text)
}

// inexact reads "vers 2009", "2009", "mars 2009", "en 2009", "03/2009".
func inexact(s, plain, text string) (Birth, *school.Refusal) {
	unread := school.Refuse("people.refused.born_unread", "born", "value", text)
	year := aYear.FindString(plain)
	if year == "" || len(plain) > 40 {
		return Birth{}, unread
	}
	if m := monthYear.FindStringSubmatch(s); m != nil {
		if n, _ := strconv.Atoi(m[1]); n < 1 || n > 12 {
			return Birth{}, school.Refuse("people.refused.born", "born", "value", text)
		}
		return Birth{Text: text}, nil
	}
	rest := strings.TrimSpace(strings.Replace(aboutWord.ReplaceAllString(plain+" ", ""), year, "", 1))
	rest = strings.TrimSpace(strings.TrimSuffix(rest, " environ"))
	switch {
	case strings.HasPrefix(plain, "v ") || strings.HasPrefix(plain, "vers ") || strings.HasPrefix(plain, "env ") || strings.HasPrefix(plain, "environ "):
		if rest == "" {
			return Birth{Text: "vers " + year}, nil
		}
		if months[rest] != 0 {
			return Birth{Text: text}, nil
		}
	case rest == "", months[rest] != 0, rest == "environ", rest == "vers":
		return Birth{Text: text}, nil
	}
	return Birth{}, unread
}

func fromParts(d, m, y, text, today string) (Birth, *school.Refusal) {
	day, _ := strconv.Atoi(d)
	month, _ := strconv.Atoi(m)
	year, _ := strconv.Atoi(y)
	if len(y) == 2 {
		year += century(year, today)
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day || int(t.Month()) != month || t.Year() != year {
		return Birth{}, school.Refuse("people.refused.born", "born", "value", text)
	}
	return exact(t.Format(time.DateOnly), text, today)
}

// century: nobody on a list was born in the year that is still to come.
func century(year int, today string) int {
	now := 2026
	if len(today) >= 4 {
		if n, err := strconv.Atoi(today[:4]); err == nil && n > 2000 {
			now = n
		}
	}
	if 2000+year <= now {
		return 2000
	}
	return 1900
}

// oldest is the first year that somebody on a list can be born in.
const oldest = "1920-01-01"

func exact(day, text, today string) (Birth, *school.Refusal) {
	if day < oldest || today != "" && day > today {
		return Birth{}, school.Refuse("people.refused.born_unlikely", "born", "value", text)
	}
	return Birth{Day: day}, nil
}

// serial reads a spreadsheet's day count, 1 January 1925 to 31 December 2035.
func serial(number string) (day string, ok bool) {
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(v) || v < 9133 || v >= 49675 || len(number) < 5 {
		return "", false
	}
	return time.Date(1899, 12, 30+int(v), 0, 0, 0, 0, time.UTC).Format(time.DateOnly), true
}

// isAmerican tells a column written month first (a spreadsheet left in its
// first language) from one with a few impossible dates: several cells can only
// be read that way, and none only the other way.
func isAmerican(column []string) bool {
	us, fr := 0, 0
	for _, s := range column {
		m := dayFirst.FindStringSubmatch(strings.TrimSpace(atTime.ReplaceAllString(s, "")))
		if m == nil {
			continue
		}
		a, _ := strconv.Atoi(m[1])
		b, _ := strconv.Atoi(m[2])
		switch {
		case a <= 12 && b > 12 && b <= 31:
			us++
		case b <= 12 && a > 12:
			fr++
		}
	}
	return us >= 3 && fr == 0
}

// isNothing: what people write where nothing is known.
func isNothing(s string) bool {
	if strings.HasPrefix(s, "#") && strings.ToUpper(s) == s { // #REF!, #N/A, #NOM?
		return true
	}
	if strings.Trim(s, " -–—_.?/*'’x") == "" {
		return true
	}
	switch key(s) {
	case "", "neant", "nd", "na", "nc", "inconnu", "inconnue", "nonconnu", "nonconnue", "nonprecise", "nonprecisee", "ras", "nul", "null", "none", "nonrenseigne", "nonrenseignee", "sansobjet":
		return true
	}
	return false
}
