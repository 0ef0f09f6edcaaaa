// Package ministry is the office: the registry of schools and the tree above
// it, enrolment of their boxes, accounts, the fleet, and the exchange that boxes
// call.
//
// It promises that a box is enrolled by one code for one school, that a revoked
// box gets nothing more, and that everything published follows the tree when
// the tree changes.
//
// It reads counts and never the names that stay in schools.
package ministry
