package average

import (
	"slices"
	"strconv"
)

// Place is a rank. The zero Place is "not ranked".
type Place struct {
	Rank int // from 1
	Tied bool
}

// In writes the place in a language: "1er", "1re ex æquo", "2e", "3rd"; "" when
// not ranked. French tells 1er from 1re by the pupil's sex.
func (p Place) In(lang, sex string) string {
	if p.Rank == 0 {
		return ""
	}
	n := strconv.Itoa(p.Rank)
	if lang == "fr" {
		switch {
		case p.Rank == 1 && sex == "F":
			n += "re"
		case p.Rank == 1:
			n += "er"
		default:
			n += "e"
		}
		if p.Tied {
			n += " ex æquo"
		}
		return n
	}
	switch {
	case p.Rank%100/10 == 1:
		n += "th"
	case p.Rank%10 == 1:
		n += "st"
	case p.Rank%10 == 2:
		n += "nd"
	case p.Rank%10 == 3:
		n += "rd"
	default:
		n += "th"
	}
	if p.Tied {
		n += " (tied)"
	}
	return n
}

// Standings is what Rank ranks: a rounded average, and whether it takes part.
type Standings struct {
	Mean   Decimal
	Ranked bool
}

// Rank places averages as they are shown, rounded: the same average shares a
// rank, and the next one skips. Who is not Ranked gets the zero Place. The
// answer stands in the order that was given.
func Rank(list []Standings) []Place {
	means := make([]Decimal, 0, len(list))
	for _, s := range list {
		if s.Ranked {
			means = append(means, s.Mean)
		}
	}
	slices.SortFunc(means, byMean)
	places := make([]Place, len(list))
	for i, s := range list {
		if !s.Ranked {
			continue
		}
		first, _ := slices.BinarySearchFunc(means, s.Mean, func(a, b Decimal) int { return byMean(a, b) })
		places[i] = Place{Rank: first + 1, Tied: first+1 < len(means) && means[first+1] == s.Mean}
	}
	return places
}
