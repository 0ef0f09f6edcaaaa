// Package circulars carries the ministry's circulars: written, signed and
// counted at the office; verified, read, acknowledged by name, forwarded and
// answered in the schools.
//
// What lies where:
//
//	office   circulars.drafts    Local  being written; ends when signed
//	         circulars           Down   signed, never edited; a withdrawal or a
//	                                    replacement is a new one that names the old
//	school   circulars.arrivals  Local  the arrivals register: number, verdict
//	         readings            Local  who acknowledged, by name; school's, shared with notices
//	         circulars.forwards  Local  the head's note and further groups
//	         circulars.receipts  Up     one row a circular: received, the head's
//	                                    acknowledgement, counts by role
//	         circulars.replies   Up     text and one file
//
// It promises that nothing is shown as genuine that the pinned root key does not
// vouch for, and that names of readers never leave the school.
package circulars
