package packs

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"preau/school"
)

// Fault is one thing wrong in a pack, where it stands. Like a school.Refusal it
// is words for a person: Text says it in their language.
type Fault struct {
	File string
	Line int            // from 1; 0 concerns the file
	Key  string         // words key, in school.Words
	Args map[string]any // values of the placeholders of the words
}

func fault(file string, line int, key string, kv ...any) Fault {
	return Fault{file, line, key, school.Refuse(key, "", kv...).Args}
}

// Text is what is wrong, as t says it, without the place.
func (f Fault) Text(t func(key string, kv ...any) string) string {
	kv := make([]any, 0, 2*len(f.Args))
	for name, v := range f.Args {
		kv = append(kv, name, v)
	}
	return t(f.Key, kv...)
}

// At puts the place before a text: "formula.yaml:19: …".
func (f Fault) At(text string) string {
	if f.Line == 0 {
		return f.File + ": " + text
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, text)
}

// English is Text for logs.
func (f Fault) English() string { return f.Text(english) }

// Error is the fault in English, with its place.
func (f Fault) Error() string { return f.At(f.English()) }

// Faults are all faults of a pack in order of file and line.
type Faults []Fault

// Error lists them in English, one a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

var englishWords = sync.OnceValue(func() map[string]any {
	words := map[string]any{}
	if b, err := fs.ReadFile(school.Words, "words/en.json"); err == nil {
		_ = json.Unmarshal(b, &words) // a test reads it too; without it the key is shown
	}
	return words
})

func english(key string, kv ...any) string {
	text, ok := englishWords()[key].(string)
	if !ok {
		return key
	}
	pairs := make([]string, 0, len(kv))
	for i := 0; i+1 < len(kv); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", kv[i]), fmt.Sprint(kv[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
