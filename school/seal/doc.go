// Package seal makes the ministry's signatures and checks them.
//
// The office has one root key and, one after the other, signing keys. The root
// key signs the numbered list of signing keys; a signing key signs headers of
// circulars. A box pins the root key when it is enrolled and needs nothing
// else, no network and no clock, to tell a genuine circular from a forged one:
//
//	root key (pinned) ──signs──▶ list n° 3 {key 1 retired, key 2} ──▶ header ──hashes──▶ body, annexes
//
// Everything signed is canonical CBOR behind a prefix that says what it is, so
// that a signature on one kind of thing is worth nothing on another.
//
// It promises: one bit changed in a header, a signature, a list, a body or an
// annex is refused with a reason; a list never replaces a newer one; private
// keys are files of mode 0600 written durably; a short code with one wrong
// character or two exchanged ones is never taken for another code.
//
// It does not: decide who may sign, keep circulars, or trust dates. A retired
// key goes on vouching for what it signed, because its private half is erased
// on rotation; a stolen key is revoked, and then nothing it signed counts.
package seal
