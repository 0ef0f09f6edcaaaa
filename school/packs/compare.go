package packs

import (
	"bytes"
	"slices"
	"strings"
)

// Change is one thing that a version of a pack says otherwise than another.
type Change struct {
	Of      string // "Tle D MATH"
	Was, Is string // "5", "4"; "" where one of them says nothing
}

// Compare lists what the catalogue of coefficients says otherwise than before, and
// the other files that differ, by name.
func (files Files) Compare(p *Pack, before Files, was *Pack) (catalogue []Change, others []string) {
	weights := func(p *Pack) map[string]string {
		m := map[string]string{}
		for _, r := range p.Catalogue {
			m[strings.Join(strings.Fields(r.Level+" "+r.Series+" "+r.Subject), " ")] = r.Coefficient
		}
		return m
	}
	a, b := weights(was), weights(p)
	for of, is := range b {
		if a[of] != is {
			catalogue = append(catalogue, Change{of, a[of], is})
		}
	}
	for of, was := range a {
		if _, here := b[of]; !here {
			catalogue = append(catalogue, Change{of, was, ""})
		}
	}
	slices.SortFunc(catalogue, func(x, y Change) int { return strings.Compare(x.Of, y.Of) })
	about, aboutBefore := p.About, was.About
	about.Version, about.From = aboutBefore.Version, aboutBefore.From
	for _, name := range names {
		same := bytes.Equal(files[name], before[name])
		switch name {
		case "pack.yaml":
			same = about == aboutBefore
		case "catalogue.yaml":
			same = same || len(catalogue) > 0 // hours, or what is facultative
		}
		if !same {
			others = append(others, name)
		}
	}
	return catalogue, others
}
