// Package average turns marks into averages and ranks by a formula that is data.
//
// A formula is a tree: kinds of evaluation (interrogation, devoir, composition)
// are its leaves, groups weigh kinds and other groups, one group is the average
// of a subject. Above it stand the general average Σ(mean × coefficient) /
// Σ coefficient, the facultative subjects that only add, and the year.
//
//	marks ─ kind ─┐
//	marks ─ kind ─┴ group ─┐
//	marks ─ kind ──────────┴ group = subject ─ × coefficient ─ general ─ annual
//
// It promises: arithmetic is exact, and rounding is half-up and only where the
// formula says; the order in which marks were entered does not matter; raising a
// mark never lowers an average; pupils with the same rounded mean share a rank
// and the next rank skips. Every number can be told again step by step, in the
// formula's own words, with [Engine.ExplainSubject] and its sisters.
//
// It does not read files, know countries, or store anything: a formula comes
// from a country pack (school/packs), marks from whoever keeps them.
package average
