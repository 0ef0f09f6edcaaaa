// Package org is the tree country → regional directorate → inspection →
// school, and who is meant by an audience.
//
// The tree is dated data edited at the centre: a unit is valid from a day and
// until a day, and when an inspection moves to another directorate its old
// record ends and a new one of the same code begins. A school's code is never
// part of an id.
//
// It promises that an audience names the same schools for the same day and
// tree, that an audience which names nobody reaches nobody, and that unknown
// codes in one are reported before it is signed.
//
// It does not send anything: the publishing module addresses its records to
// the codes that Audience.Sites gives, again whenever the tree changes.
package org
