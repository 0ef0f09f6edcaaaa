package average

// Pupil is the general average of one pupil over the subjects of a period.
func (e *Engine) Pupil(subjects []Subject) Result {
	results := make([]SubjectResult, len(subjects))
	for i, s := range subjects {
		results[i] = e.Subject(s)
	}
	return e.period(subjects, results, nil)
}

func (e *Engine) period(subjects []Subject, results []SubjectResult, t *teller) Result {
	r := Result{Subjects: results}
	points, coefficients, bonus := ratio(0, 1), Decimal(0), ratio(0, 1)
	unratedWeight := Decimal(0)
	for i, s := range subjects {
		x := &results[i]
		r.Open += x.Open
		extra := s.Facultative && e.bonusAbove.has()
		switch {
		case x.Standing == Dispensed:
			t.say("average.step.dispensed", "subject", s.Name)
		case x.Standing == Unrated && !extra:
			r.Unrated++
			unratedWeight += s.Coefficient
			t.say("average.step.general_unrated", "subject", s.Name)
		case x.Standing != Rated:
		case extra:
			if over := x.Mean.exact().sub(e.bonusAbove); over.sign() > 0 {
				over = over.mul(s.Coefficient.exact())
				bonus = bonus.add(over)
				t.bonus(s, x.Mean, e.bonusAbove, over)
			} else {
				t.say("average.step.no_bonus", "subject", s.Name, "mean", t.num(x.Mean.exact()), "above", t.num(e.bonusAbove))
			}
		default:
			points = points.add(x.Mean.exact().mul(s.Coefficient.exact()))
			coefficients += s.Coefficient
			t.points(s, x.Mean, x.Points)
		}
	}
	if e.bonusCap.has() && bonus.cmp(e.bonusCap) > 0 {
		t.say("average.step.bonus_capped", "bonus", t.num(bonus), "cap", t.num(e.bonusCap))
		bonus = e.bonusCap
	}
	points = points.add(bonus)
	r.Points, r.Bonus, r.Coefficients = points.round(mostPlaces), bonus.round(mostPlaces), coefficients
	r.Unclassed = e.unclassed(r.Unrated, unratedWeight, coefficients)
	if coefficients <= 0 {
		r.Unclassed = true
		t.say("average.step.no_general")
		return r
	}
	mean := points.quo(coefficients.exact())
	t.general(points, coefficients, mean)
	if mean.cmp(e.scale) > 0 {
		mean = e.scale
		t.say("average.step.at_most", "scale", t.num(e.scale))
	}
	r.Rated, r.General = true, mean.round(e.general)
	t.rounded("average.step.general_rounded", "", mean, r.General, e.general)
	if r.Unclassed {
		t.say("average.step.unclassed", "count", r.Unrated)
	}
	return r
}

func (e *Engine) unclassed(subjects int, weight, rated Decimal) bool {
	if e.unclassedSubjects >= 0 && subjects > e.unclassedSubjects {
		return true
	}
	if !e.unclassedShare.has() || weight == 0 {
		return false
	}
	return weight.exact().quo((weight + rated).exact()).cmp(e.unclassedShare) > 0
}

// Period is what a period contributes to the year: an issued general average,
// or none.
type Period struct {
	Name string // "1er semestre"
	Has  bool
	Mean Decimal
}

// Year is the annual average of a pupil from the averages of the periods, in
// their order; has is false when too few periods have one.
func (e *Engine) Year(periods []Period) (mean Decimal, has bool) { return e.year(periods, nil) }

func (e *Engine) year(periods []Period, t *teller) (Decimal, bool) {
	sum, weight, n := ratio(0, 1), ratio(0, 1), 0
	for i, p := range periods {
		if i >= len(e.weights) || !p.Has {
			continue
		}
		n++
		sum = sum.add(p.Mean.exact().mul(e.weights[i]))
		weight = weight.add(e.weights[i])
	}
	if n < e.minPeriods {
		t.say("average.step.no_year", "count", n, "minimum", e.minPeriods)
		return 0, false
	}
	sum = sum.quo(weight)
	t.year(periods, e.weights, sum)
	mean := sum.round(e.annual)
	t.rounded("average.step.year_rounded", "", sum, mean, e.annual)
	return mean, true
}
