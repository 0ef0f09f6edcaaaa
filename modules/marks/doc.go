// Package marks is the job every lycée does by hand: evaluations and their mark
// sheets, averages, ranks, the completeness of a period, the class council and
// the bulletins that it issues. The paper itself is drawn by marks/bulletin.
//
// What is stored, Local where nothing else is said:
//
//	marks.evaluations  class × subject × period: kind, date, scale, coefficient
//	marks.sheets       one an evaluation: a row a pupil, each with its own version
//	marks.groups       workshop half-groups of a class and subject
//	marks.closings     when entry closes, per period
//	marks.reopenings   a class and subject opened again, by whom and why
//	marks.verdicts     what the class council says of a pupil in a period
//	marks.remarks      what a subject's teachers say of their pupils in a period
//	marks.bulletins    a bulletin as it was issued: a snapshot, never changed
//	marks.appeals      what was contested in one, and how it was decided
//	marks.exams        what a national exam said of a pupil
//	marks.outcomes     counts of a class by sex: Up, the one thing that leaves
//	marks.presses      a school's bulletins being printed into one file: Scratch
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
