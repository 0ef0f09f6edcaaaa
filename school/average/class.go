package average

// Member is one pupil of a class with what was given in each subject.
type Member struct {
	Sex      string // "M", "F", "" unknown: for the counts
	Subjects []Subject
}

// Class are the results of a class: averages, places and what is said of all.
type Class struct {
	Pupils   []Result
	Places   []Place   // by general average
	Subjects []InClass // by subject, as the members list them
	General  Summary
}

// InClass is one subject in a class.
type InClass struct {
	Places []Place
	Summary
}

// Summary says of a class's averages what a bulletin and a council need.
type Summary struct {
	N       int // pupils with an average that is ranked
	Highest Decimal
	Lowest  Decimal
	Mean    Decimal // of the averages shown, rounded like them
	Passed  int     // half of the scale or more
	Girls   int     // of N
	Boys    int
	GirlsOK int // of Passed
	BoysOK  int
}

// Class computes a class. Every member lists the same subjects in the same
// order; who does not take one has no entries there.
func (e *Engine) Class(members []Member) Class {
	c := Class{Pupils: make([]Result, len(members))}
	general := make([]Standings, len(members))
	subjects := 0
	for i, m := range members {
		c.Pupils[i] = e.Pupil(m.Subjects)
		general[i] = Standings{c.Pupils[i].General, c.Pupils[i].Rated && !c.Pupils[i].Unclassed}
		subjects = max(subjects, len(m.Subjects))
	}
	c.Places, c.General = Rank(general), e.summary(members, general, e.general)
	one := make([]Standings, len(members))
	for s := range subjects {
		for i := range members {
			one[i] = Standings{}
			if s < len(c.Pupils[i].Subjects) {
				r := &c.Pupils[i].Subjects[s]
				one[i] = Standings{r.Mean, r.Standing == Rated}
			}
		}
		c.Subjects = append(c.Subjects, InClass{Rank(one), e.summary(members, one, e.subject)})
	}
	return c
}

func (e *Engine) summary(members []Member, list []Standings, places int) Summary {
	sum := Summary{}
	total, half := Decimal(0), e.scale.quo(ratio(2, 1)).round(mostPlaces)
	for i, s := range list {
		if !s.Ranked {
			continue
		}
		if sum.N == 0 || s.Mean > sum.Highest {
			sum.Highest = s.Mean
		}
		if sum.N == 0 || s.Mean < sum.Lowest {
			sum.Lowest = s.Mean
		}
		sum.N++
		total += s.Mean
		passed := s.Mean >= half
		if passed {
			sum.Passed++
		}
		switch members[i].Sex {
		case "F":
			if sum.Girls++; passed {
				sum.GirlsOK++
			}
		case "M":
			if sum.Boys++; passed {
				sum.BoysOK++
			}
		}
	}
	if sum.N > 0 {
		sum.Mean = Mean(total, sum.N, places)
	}
	return sum
}
