package web

import (
	"strconv"
	"strings"
	"time"
)

const (
	narrow = "\u202f" // narrow no-break space
	nbsp   = "\u00a0"
)

var (
	frDays        = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	frMonths      = [...]string{"", "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
	frShortDays   = [...]string{"dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."}
	frShortMonths = [...]string{"", "janv.", "févr.", "mars", "avr.", "mai", "juin", "juill.", "août", "sept.", "oct.", "nov.", "déc."}
)

// FormatDate is "mardi 13 octobre 2026", in English "Tuesday 13 October 2026".
func FormatDate(lang string, t time.Time) string {
	if lang != "fr" {
		return t.Format("Monday 2 January 2006")
	}
	return frDays[t.Weekday()] + " " + frLongDate(t)
}

// FormatLongDate is "13 octobre 2026", for documents.
func FormatLongDate(lang string, t time.Time) string {
	if lang != "fr" {
		return t.Format("2 January 2006")
	}
	return frLongDate(t)
}

func frLongDate(t time.Time) string {
	return frDayNumber(t.Day()) + nbsp + frMonths[t.Month()] + " " + strconv.Itoa(t.Year())
}

func frDayNumber(d int) string {
	if d == 1 {
		return "1er"
	}
	return strconv.Itoa(d)
}

// FormatShortDate is "ven. 16 oct."; the year is added when it is not that of now.
func FormatShortDate(lang string, t, now time.Time) string {
	year := ""
	if t.Year() != now.Year() {
		year = " " + strconv.Itoa(t.Year())
	}
	if lang != "fr" {
		return t.Format("Mon 2 Jan") + year
	}
	return frShortDays[t.Weekday()] + nbsp + frDayNumber(t.Day()) + nbsp + frShortMonths[t.Month()] + year
}

// FormatDayMonth is "16 oct.", with the year when it is not that of now.
func FormatDayMonth(lang string, t, now time.Time) string {
	year := ""
	if t.Year() != now.Year() {
		year = " " + strconv.Itoa(t.Year())
	}
	if lang != "fr" {
		return t.Format("2 Jan") + year
	}
	return frDayNumber(t.Day()) + nbsp + frShortMonths[t.Month()] + year
}

// FormatTime is "7 h 42", in English "07:42".
func FormatTime(lang string, t time.Time) string {
	if lang != "fr" {
		return t.Format("15:04")
	}
	return strconv.Itoa(t.Hour()) + nbsp + "h" + nbsp + t.Format("04")
}

// FormatDateTime is "mardi 13 octobre 2026 à 7 h 42".
func FormatDateTime(lang string, t time.Time) string {
	if lang != "fr" {
		return FormatDate(lang, t) + " at " + FormatTime(lang, t)
	}
	return FormatDate(lang, t) + " à " + FormatTime(lang, t)
}

// FormatMoment is the shortest that is clear: the hour alone today, "12 oct. à
// 18 h 05" before.
func FormatMoment(lang string, t, now time.Time) string {
	if sameDay(t, now) {
		return FormatTime(lang, t)
	}
	if lang != "fr" {
		return FormatDayMonth(lang, t, now) + " at " + FormatTime(lang, t)
	}
	return FormatDayMonth(lang, t, now) + " à " + FormatTime(lang, t)
}

func sameDay(a, b time.Time) bool {
	return a.Year() == b.Year() && a.YearDay() == b.YearDay()
}

// FormatNumber groups by three with narrow spaces: "1 234"; in English "1,234".
func FormatNumber(lang string, n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "−", s[1:]
	}
	group := narrow
	if lang != "fr" {
		group = ","
	}
	first := len(s) % 3
	var parts []string
	if first > 0 {
		parts = append(parts, s[:first])
	}
	for i := first; i < len(s); i += 3 {
		parts = append(parts, s[i:i+3])
	}
	return sign + strings.Join(parts, group)
}

// FormatDecimal writes a decimal that is given with a point: "13,47" from "13.47".
func FormatDecimal(lang, s string) string {
	if lang != "fr" {
		return s
	}
	return strings.ReplaceAll(s, ".", ",")
}

// FormatSize is "48 Ko", "3,1 Mo"; in English "48 KB". Steps are of 1,000.
func FormatSize(lang string, n int64) string {
	units := []string{"octets", "Ko", "Mo", "Go"}
	if lang != "fr" {
		units = []string{"bytes", "KB", "MB", "GB"}
	}
	if n < 1000 {
		if n == 1 || (n == 0 && lang == "fr") {
			return strconv.FormatInt(n, 10) + nbsp + strings.TrimSuffix(units[0], "s")
		}
		return strconv.FormatInt(n, 10) + nbsp + units[0]
	}
	v, u := float64(n), 0
	for v >= 999.5 && u < len(units)-1 {
		v, u = v/1000, u+1
	}
	digits := 0
	if v < 9.95 && u > 1 {
		digits = 1
	}
	return FormatDecimal(lang, strconv.FormatFloat(v, 'f', digits, 64)) + nbsp + units[u]
}

// FormatSpan is a length of time in its largest unit: "2 h", "40 min", "3 jours".
func FormatSpan(lang string, d time.Duration) string {
	if d < 0 {
		d = 0
	}
	switch days := int(d / (24 * time.Hour)); {
	case d < time.Minute:
		if lang != "fr" {
			return "less than a minute"
		}
		return "moins d’une minute"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + nbsp + "min"
	case days < 1:
		return strconv.Itoa(int(d/time.Hour)) + nbsp + "h"
	case lang == "fr" && days < 2:
		return "1" + nbsp + "jour"
	case lang == "fr":
		return FormatNumber(lang, int64(days)) + nbsp + "jours"
	case days < 2:
		return "1" + nbsp + "day"
	default:
		return FormatNumber(lang, int64(days)) + nbsp + "days"
	}
}
