// Package signin lets staff in by name and password, and out again; it has the
// page of one's own account: password, sessions, language, contrast. Pupils come
// in by another door.
//
// It promises: the same answer for a name that does not exist and a password
// that does not fit; a shared computer is assumed unless the person says that the
// device is their own; a one-time password opens nothing but the page that
// replaces it; changing a password ends every other session.
//
// It keeps nothing itself: secrets and throttles are school's, sessions web's.
package signin
