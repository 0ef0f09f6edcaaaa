package appliance

import (
	"errors"
	"strings"

	"preau/school"
	"preau/school/packs"
	"preau/web"
)

// ExitOf is the exit code of a command that returned code and err: a refusal
// is 3 and another error 1, unless the command said otherwise.
func ExitOf(code int, err error) int {
	switch {
	case err == nil || code != Done:
		return code
	case school.RefusalsIn(err) != nil:
		return Refused
	}
	return Failed
}

// Sentence is an error for a person at a terminal: refusals and the faults of a
// country pack in words, anything else as it is.
func (r *Running) Sentence(lang string, err error) string { return sentence(r.Words, lang, err) }

// Sentence is Running.Sentence without a site, for a command line of these
// modules.
func Sentence(modules []Module, lang string, err error) string {
	words, werr := web.LoadWords(wordFiles(modules)...)
	if werr != nil {
		return err.Error()
	}
	return sentence(words, lang, err)
}

func sentence(words *web.Words, lang string, err error) string {
	var lines []string
	var faults packs.Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			lines = append(lines, f.At(f.Text(func(key string, kv ...any) string { return words.T(lang, key, kv...) })))
		}
		return strings.Join(lines, "\n")
	}
	no := school.RefusalsIn(err)
	if no == nil {
		return err.Error()
	}
	for _, r := range no {
		var kv []any
		for k, v := range r.Args {
			kv = append(kv, k, v)
		}
		lines = append(lines, words.T(lang, r.Key, kv...))
	}
	return strings.Join(lines, "\n")
}
