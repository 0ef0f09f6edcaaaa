// Package packs reads country packs: the levels, series, subjects, catalogue,
// regions, inspections, calendar, official headers, formula of averages and rules
// of the council of a country, as plain
// YAML files that a ministry can read and edit.
//
// A pack's values are editable samples, never constants of the program:
// ministries rename themselves, coefficients move. Each file says where its
// values come from.
//
//	pack.yaml       name, country, language, motto, marks of forms
//	levels.yaml     levels of lycée and collège, and how people write them
//	series.yaml     general and technical series, and the levels they exist at
//	subjects.yaml   subjects and their groups
//	catalogue.yaml  (level, series, subject) → coefficient, hours a week
//	org.yaml        regional directorates and sample inspections
//	calendar.yaml   school years with calendar and evaluation periods
//	headers.yaml    official headers with the days they are valid
//	formula.yaml    how marks become averages (see school/average)
//	council.yaml    mentions, awards, decisions, phrases
//	examples.yaml   worked examples, computed again by every check
//
// It promises to be strict: an unknown key, a doubled code or a reference to
// nothing is a fault with file and line, and all faults are listed at once.
// It keeps nothing of its own in the store: SeedYears and org.Seed copy what a
// new site begins with, and from then on the copy is the truth.
package packs
