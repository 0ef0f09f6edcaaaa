package packs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"preau/school/average"
)

// Read reads a pack from a folder of files; the error is Faults, all of them.
func Read(dir fs.FS) (*Pack, error) {
	files, err := FilesIn(dir)
	if err != nil {
		return nil, err
	}
	return files.Pack()
}

// Pack reads the pack that the files say; the error is Faults, all of them.
func (files Files) Pack() (*Pack, error) {
	r := &reader{files: files}
	p := &Pack{}
	r.one("pack.yaml", &p.About)
	p.Levels = list[Level](r, "levels.yaml")
	p.Series = list[Series](r, "series.yaml")
	p.Subjects = list[Subject](r, "subjects.yaml")
	for _, f := range list[fileRow](r, "catalogue.yaml") {
		if len(f.Levels) == 0 {
			r.fault("catalogue.yaml", f.Line, "packs.fault.no_levels")
		}
		for _, level := range f.Levels {
			p.Catalogue = append(p.Catalogue, Row{level, f.Series, f.Subject, f.Coefficient, f.Hours, f.Facultative, f.Line})
		}
	}
	p.Regions = list[Region](r, "org.yaml")
	p.Years = list[Year](r, "calendar.yaml")
	p.Headers = list[Header](r, "headers.yaml")
	p.Formulas = list[average.Formula](r, "formula.yaml")
	r.one("council.yaml", &p.Council)
	p.Examples = list[Example](r, "examples.yaml")
	if len(r.faults) == 0 {
		r.check(p)
		r.checkCouncil(p)
		r.engines(p)
	}
	if len(r.faults) == 0 {
		r.checkExamples(p)
	}
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
		})
		return nil, r.faults
	}
	return p, nil
}

type reader struct {
	files  Files
	faults Faults
}

func (r *reader) fault(file string, line int, key string, kv ...any) {
	r.faults = append(r.faults, fault(file, line, key, kv...))
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): (.*)`)

func (r *reader) yamlFault(file string, line int, err error) {
	texts := []string{err.Error()}
	var many *yaml.TypeError
	if errors.As(err, &many) {
		texts = texts[:0]
		for _, e := range many.Errors {
			texts = append(texts, fmt.Sprint(e))
		}
	}
	for _, t := range texts {
		if m := yamlLine.FindStringSubmatch(t); m != nil {
			n, _ := strconv.Atoi(m[1])
			r.fault(file, n, "packs.fault.yaml", "value", m[2])
		} else {
			r.fault(file, line, "packs.fault.yaml", "value", strings.TrimPrefix(t, "yaml: "))
		}
	}
}

// document is the root node of a file, nil when it cannot be read.
func (r *reader) document(file string) *yaml.Node {
	b, here := r.files[file]
	if !here {
		r.fault(file, 0, "packs.fault.no_file")
		return nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		r.yamlFault(file, 0, err)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		r.fault(file, 0, "packs.fault.empty")
		return nil
	}
	return doc.Content[0]
}

// one decodes a file that is one mapping.
func (r *reader) one(file string, into any) {
	if n := r.document(file); n != nil {
		r.decode(file, n, into)
	}
}

// list decodes a file that is a sequence of mappings.
func list[T any](r *reader, file string) []T {
	n := r.document(file)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		r.fault(file, n.Line, "packs.fault.entries")
		return nil
	}
	out := make([]T, 0, len(n.Content))
	for _, item := range n.Content {
		var v T
		if r.decode(file, item, &v) {
			out = append(out, v)
		}
	}
	return out
}

// decode is strict: unknown keys and YAML's aliases are faults.
func (r *reader) decode(file string, n *yaml.Node, into any) bool {
	before := len(r.faults)
	r.known(file, n, reflect.TypeOf(into).Elem())
	if len(r.faults) == before {
		if err := n.Decode(into); err != nil {
			r.yamlFault(file, n.Line, err)
		} else {
			lines(n, reflect.ValueOf(into).Elem())
		}
	}
	return len(r.faults) == before
}

// lines notes in every field Line, however deep, where its entry stands.
func lines(n *yaml.Node, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			lines(item, v.Index(i))
		}
	case v.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		if f := v.FieldByName("Line"); f.IsValid() {
			f.SetInt(int64(n.Line))
		}
		for f, part := range v.Fields() {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == f.Tag.Get("yaml") {
					lines(n.Content[i+1], part)
				}
			}
		}
	}
}

func (r *reader) known(file string, n *yaml.Node, t reflect.Type) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.fault(file, n.Line, "packs.fault.reference")
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			r.fault(file, n.Line, "packs.fault.list")
			return
		}
		for _, item := range n.Content {
			r.known(file, item, t.Elem())
		}
	case t.Kind() == reflect.Struct:
		if n.Kind != yaml.MappingNode {
			r.fault(file, n.Line, "packs.fault.named")
			return
		}
		fields := map[string]reflect.Type{}
		for f := range t.Fields() {
			if name := f.Tag.Get("yaml"); name != "-" {
				fields[name] = f.Type
			}
		}
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			ft, ok := fields[key.Value]
			switch {
			case !ok:
				r.fault(file, key.Line, "packs.fault.key", "value", key.Value)
				continue
			case seen[key.Value]:
				r.fault(file, key.Line, "packs.fault.key_twice", "value", key.Value)
			}
			seen[key.Value] = true
			r.known(file, n.Content[i+1], ft)
		}
	default:
		if n.Kind != yaml.ScalarNode {
			r.fault(file, n.Line, "packs.fault.one_value")
		}
	}
}
