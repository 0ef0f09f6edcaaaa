// Package marks is the job every lycée does by hand: evaluations and their mark
// sheets, averages, ranks, the completeness of a period.
//
// What is stored, all of it Local:
//
//	marks.evaluations  class × subject × period: kind, date, scale, coefficient
//	marks.sheets       one an evaluation: a row a pupil, each with its own version
//	marks.groups       workshop half-groups of a class and subject
//	marks.closings     when entry closes, per period
//	marks.reopenings   a class and subject opened again, by whom and why
//
// It promises: a mark is answered only when it is on disk; two people on the
// same sheet never overwrite one another unawares, because every row is saved
// against the version that was seen; every change stands in the audit log with
// from and to; nothing is rounded but where the pack says; a pupil sees nobody
// else's marks.
//
// Averages are not stored. They are computed when asked (see term), so that no
// two pages can disagree; what must never change again is a bulletin's snapshot.
package marks
