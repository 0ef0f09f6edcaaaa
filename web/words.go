package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Languages are the languages of the interface, the first one being complete
// before the others.
var Languages = []string{"fr", "en"}

// phrase is one entry of a catalogue. A phrase without plurals has only other.
type phrase struct {
	one, other string
	plural     bool
}

// Words are the catalogues of a site, read once. Safe for use by many.
type Words struct {
	byLang  map[string]map[string]phrase
	unknown func(key string)
}

// LoadWords reads words/fr.json and words/en.json of every file system: flat
// objects from keys to a text, or to {"one": …, "other": …} where the pair
// "count" decides. {name} stands for a value. A key met twice is an error.
// French gets its narrow spaces and curly apostrophes here, so that files can be
// typed on any keyboard.
func LoadWords(from ...fs.FS) (*Words, error) {
	w := &Words{byLang: map[string]map[string]phrase{}}
	for _, lang := range Languages {
		all := map[string]phrase{}
		for _, f := range from {
			if err := readWords(f, lang, all); err != nil {
				return nil, err
			}
		}
		w.byLang[lang] = all
	}
	return w, nil
}

func readWords(f fs.FS, lang string, into map[string]phrase) error {
	name := "words/" + lang + ".json"
	data, err := fs.ReadFile(f, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("words: %s: %w", name, err)
	}
	for key, body := range raw {
		p, err := readPhrase(body, lang)
		if err != nil {
			return fmt.Errorf("words: %s: %s: %w", name, key, err)
		}
		if _, twice := into[key]; twice {
			return fmt.Errorf("words: %s: %s is there twice", name, key)
		}
		into[key] = p
	}
	return nil
}

func readPhrase(body json.RawMessage, lang string) (p phrase, err error) {
	tidy := func(s string) string { return s }
	if lang == "fr" {
		tidy = frenchSpaces
	}
	var text string
	if json.Unmarshal(body, &text) == nil {
		return phrase{other: tidy(text)}, nil
	}
	var forms struct {
		One   string `json:"one"`
		Other string `json:"other"`
	}
	if err := json.Unmarshal(body, &forms); err != nil {
		return p, err
	}
	if forms.One == "" || forms.Other == "" {
		return p, errors.New(`a plural needs "one" and "other"`)
	}
	return phrase{one: tidy(forms.One), other: tidy(forms.Other), plural: true}, nil
}

// T is the text of a key in a language, with the values of the pairs kv put in.
// Whole numbers and times are written the way of the language; "count" also
// chooses the plural. An unknown key comes back as it is, for a test to find.
func (w *Words) T(lang, key string, kv ...any) string {
	p, ok := w.byLang[lang][key]
	if !ok {
		if p, ok = w.byLang[Languages[0]][key]; !ok {
			if w.unknown != nil {
				w.unknown(key)
			}
			return key
		}
	}
	text := p.other
	if p.plural {
		if n, ok := countIn(kv); ok && singular(lang, n) {
			text = p.one
		}
	}
	if len(kv) == 0 || !strings.ContainsRune(text, '{') {
		return text
	}
	return fill(text, lang, kv)
}

// Has tells whether the key is known in the first language.
func (w *Words) Has(key string) bool {
	_, ok := w.byLang[Languages[0]][key]
	return ok
}

func fill(text, lang string, kv []any) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '{')
		j := strings.IndexByte(text, '}')
		if i < 0 || j < i {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		name := text[i+1 : j]
		found := false
		for k := 0; k+1 < len(kv); k += 2 {
			if kv[k] == name {
				b.WriteString(inWords(lang, kv[k+1]))
				found = true
				break
			}
		}
		if !found {
			b.WriteString(text[i : j+1])
		}
		text = text[j+1:]
	}
}

func inWords(lang string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return FormatDate(lang, v)
	}
	if n, ok := whole(v); ok {
		return FormatNumber(lang, n)
	}
	return fmt.Sprint(v)
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case uint64:
		return int64(v), true
	case uint32:
		return int64(v), true
	case float64: // arguments that came through JSON
		if v == float64(int64(v)) {
			return int64(v), true
		}
	}
	return 0, false
}

func countIn(kv []any) (int64, bool) {
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == "count" {
			return whole(kv[i+1])
		}
	}
	return 0, false
}

// singular asks the Unicode rules: in French 0 and 1 are singular, in English only 1.
func singular(lang string, n int64) bool {
	if n < 0 {
		n = -n
	}
	tag := language.French
	if lang != "fr" {
		tag = language.English
	}
	return plural.Cardinal.MatchPlural(tag, int(n%10_000_000), 0, 0, 0, 0) == plural.One
}

// frenchSpaces sets what French typography wants and keyboards lack: a narrow
// no-break space inside « » and before ; ! ?, a no-break space before a colon,
// and the curly apostrophe.
func frenchSpaces(s string) string { return french.Replace(s) }

var french = strings.NewReplacer(
	"« ", "«\u202f", "«\u00a0", "«\u202f", " »", "\u202f»", "\u00a0»", "\u202f»",
	" ;", "\u202f;", "\u00a0;", "\u202f;", " !", "\u202f!", "\u00a0!", "\u202f!", " ?", "\u202f?", "\u00a0?", "\u202f?",
	" :", "\u00a0:", "'", "’",
)
