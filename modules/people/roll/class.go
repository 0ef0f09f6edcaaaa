package roll

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"preau/school"
	"preau/school/packs"
)

// ClassKey is the form in which two labels of a class are compared: "Tle D1",
// "TleD1", "Terminale D 1" and "TD1" are one class.
func ClassKey(pack *packs.Pack, label string) string {
	level, series, rest := takeApart(pack, label)
	if level == "" {
		return "?" + key(label)
	}
	return level + " " + series + " " + rest
}

// takeApart is pack.ClassNamed with what is left after level and series: the
// number of the class, or a code that the pack does not know.
func takeApart(pack *packs.Pack, label string) (level, series, rest string) {
	level, series = pack.ClassNamed(label)
	rest = key(label)
	if l, ok := pack.LevelByCode(level); ok {
		rest = afterLongest(rest, append([]string{l.Code, l.Name}, l.Written...))
	}
	rest = strings.TrimPrefix(rest, "serie")
	if s, ok := pack.SeriesByCode(series); ok {
		if strings.HasPrefix(key(s.Code), rest) {
			return level, series, "" // "Tle A" means A4
		}
		rest = afterLongest(rest, append([]string{s.Code}, s.Written...))
	}
	return level, series, rest
}

func afterLongest(s string, prefixes []string) string {
	longest := ""
	for _, p := range prefixes {
		if k := key(p); len(k) > len(longest) && strings.HasPrefix(s, k) {
			longest = k
		}
	}
	return s[len(longest):]
}

// likeSeries is what a series' code looks like.
var likeSeries = regexp.MustCompile(`^[a-z]{1,2}\d{0,2}$`)

// readClass brings the three columns together. "Tle" and "D1" in two columns
// are the class "Tle D1"; a series that nobody knows is refused, whether it
// stands in its own column or in the label.
func readClass(pack *packs.Pack, label, levelText, seriesText string) (class, level, series string, no *school.Refusal) {
	if isNothing(label) {
		label = ""
	}
	if isNothing(levelText) {
		levelText = ""
	}
	if isNothing(seriesText) {
		seriesText = ""
	}
	level, series, rest := takeApart(pack, label)
	if level == "" && levelText != "" {
		label = strings.TrimSpace(levelText + " " + label)
		if key(label) == key(levelText) && seriesText != "" && !strings.Contains(key(levelText), key(seriesText)) {
			label += " " + seriesText
		}
		level, series, rest = takeApart(pack, label)
	}
	if seriesText != "" {
		s, ok := readSeries(pack, seriesText)
		if !ok {
			return label, level, "", unknownSeries(pack, seriesText)
		}
		if _, at := pack.ClassNamed(level + " " + s); level != "" && at != "" {
			s = at // "A" of a terminale is A4
		}
		return label, level, s, nil
	}
	l, _ := pack.LevelByCode(level)
	if series == "" && l.Cycle == "lycee" && likeSeries.MatchString(rest) {
		for _, code := range []string{rest, strings.TrimRight(rest, "0123456789")} { // "2nde C": of another level
			if s, ok := pack.SeriesNamed(code); ok {
				return label, level, s.Code, nil
			}
		}
		return label, level, "", unknownSeries(pack, strings.ToUpper(rest))
	}
	return label, level, series, nil
}

// readSeries reads "D", "Série D", "D (sciences)", "Tle D".
func readSeries(pack *packs.Pack, text string) (code string, ok bool) {
	bare := strings.TrimSpace(bracketed.ReplaceAllString(text, " "))
	for _, t := range []string{text, bare} {
		if s, ok := pack.SeriesNamed(t); ok {
			return s.Code, true
		}
	}
	words := strings.FieldsFunc(bare, func(r rune) bool { return strings.ContainsRune(" -–/:,", r) })
	if len(words) < 2 {
		return "", false
	}
	if level, series := pack.ClassNamed(bare); level != "" && series != "" {
		return series, true
	}
	if s, ok := pack.SeriesNamed(words[0]); ok && len(words[1]) > 2 {
		return s.Code, true
	}
	return "", false
}

// unknownSeries names the one series that was probably meant: "TD" ends in D,
// "F5" is no near miss of F1 rather than F2.
func unknownSeries(pack *packs.Pack, text string) *school.Refusal {
	var ends, near []string
	wrong := key(text)
	for _, s := range pack.Series {
		switch code := key(s.Code); {
		case len(wrong) > 4:
		case strings.HasSuffix(wrong, code):
			ends = append(ends, s.Code)
		case len(code) == len(wrong) && len(code) > 1 && code[0] == wrong[0] && levenshtein.ComputeDistance(code, wrong) == 1:
			near = append(near, s.Code)
		}
	}
	if len(ends) > 0 {
		near = ends
	}
	if len(near) == 1 {
		return school.Refuse("people.refused.series_near", "series", "value", text, "near", near[0])
	}
	return school.Refuse("people.refused.series", "series", "value", text)
}

var classWord = regexp.MustCompile(`(?i)\bclasses?\s*(?:de la|de|d['’])?\s*[:=\-–]?\s*`)

// classInTitle finds the class that a title or a line between two blocks
// announces: "CLASSE : Tle D1", "Liste des élèves de la Terminale A4-2".
func classInTitle(pack *packs.Pack, text string) string {
	if text == "" || len(text) > 200 {
		return ""
	}
	if at := classWord.FindStringIndex(text); at != nil {
		if label := classIn(pack, text[at[1]:], true); label != "" {
			return label
		}
	}
	return classIn(pack, text, false)
}

// classIn looks for a class label among the words of a text, at its beginning
// only when the word "classe" stood before.
func classIn(pack *packs.Pack, text string, first bool) string {
	words := strings.Fields(text)
	for i := range words {
		for n := min(3, len(words)-i); n > 0; n-- {
			label := strings.Trim(strings.Join(words[i:i+n], " "), " :;,.-–()")
			level, series, rest := takeApart(pack, label)
			plainRest := strings.Trim(rest, "0123456789") == "" && len(rest) <= 2
			if level != "" && (series != "" || first) && plainRest && (len(key(words[i])) > 1 || first) && !slices.Contains(words[i:i+n], "-") {
				return label
			}
		}
		if first {
			return ""
		}
	}
	return ""
}
