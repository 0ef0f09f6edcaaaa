// Package school is the vocabulary of a Togolese lycée and its roster: who is
// here, in which class, with which role, and who may do what. Every module
// speaks its nouns, so that two modules never need to know one another.
//
// What is stored, all of it in the site's own store:
//
//	site         one record: which school or office this folder is
//	people       staff and pupils, with guardians as contacts
//	classes      a free label, a level, a series, one school year
//	assignments  person × class × subject: who teaches what where
//	years        school years with calendar and evaluation periods
//	secrets      argon2id hashes, one a person; never backed by a default
//	throttles    failed sign-ins per account and per device (Scratch)
//	matricules   the last provisional number given per school year
//	audit        who changed what, from what to what
//
// It promises: a permission nobody granted is refused; a secret is hashed one
// at a time, so that sixty sign-ins at once leave the pages quick; an unknown
// name and a wrong password give the same answer after the same work; a
// throttle outlives a restart; an audit line commits with the change it tells.
//
// It does not: render words (a [Refusal] carries a key), know HTTP or sessions,
// or decide to which schools something goes (see school/org).
package school
