// Package notices carries a school's own notices (notes de service, avis): prepared
// by the censeur, signed by the proviseur, published to staff and classes for a time,
// acknowledged by name, printed, and found again when they have expired.
//
// What lies where, all of it in the school (Local):
//
//	notices.drafts  being written or waiting for the proviseur; ends when signed
//	notices         signed, never edited: a withdrawal or a replacement is a new
//	                one that names the old
//	readings        who acknowledged, by name; school's, shared with circulars
//
// It promises that a notice says for ever what was signed, that its number stands in
// the school's own series of the year without gaps, and that nothing of it leaves the
// school but sealed. It does not: send anything to the ministry, or know whether a
// notice that asks for no acknowledgement was read.
package notices
