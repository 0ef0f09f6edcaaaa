package store

import (
	"errors"
	"fmt"
)

// Opening.
var (
	// ErrLocked says that another process holds the folder; the error names its pid.
	ErrLocked = errors.New("store: the folder is in use")
	// ErrNotEmpty says that a restore was pointed at a folder that holds data.
	ErrNotEmpty = errors.New("store: the folder is not empty")
)

// Reading and writing records.
var (
	// ErrNotFound says that no such record exists here, or that it was deleted.
	ErrNotFound = errors.New("store: no such record")
	// ErrNewerFormat says that a newer build wrote the record: read only here.
	ErrNewerFormat = errors.New("store: record of a newer format")
	// ErrNotHome says that the record is written elsewhere.
	ErrNotHome = errors.New("store: record's home is elsewhere")
)

// Durability.
var (
	// ErrReadOnly says that nothing is written until the store is opened anew.
	ErrReadOnly = errors.New("store: read-only")
	// ErrFull says that the disk has no room; nothing was changed.
	ErrFull = errors.New("store: disk full")
	// ErrClosed says that the store was closed.
	ErrClosed = errors.New("store: closed")
)

// Blobs.
var (
	// ErrTooLarge says that more bytes came than were allowed.
	ErrTooLarge = errors.New("store: too large")
	// ErrHash says that received bytes are not the blob they were sent as.
	ErrHash = errors.New("store: bytes do not match their hash")
)

// The exchange.
var (
	// ErrCursor says that a peer's cursor is none this feed ever had: start from zero.
	ErrCursor = errors.New("store: cursor cannot be matched")
	// ErrBatch says that a batch does not fit: wrong origin, home or order.
	ErrBatch = errors.New("store: batch refused")
	// ErrQuota says that a sender's unknown rows fill their quota.
	ErrQuota = errors.New("store: quota of unknown rows used up")
)

// UniqueError says which unique index another record already holds.
type UniqueError struct{ Collection, Index string }

// Error is for logs; it names no value, which may be a person's.
func (e *UniqueError) Error() string {
	return fmt.Sprintf("store: %s.%s is taken", e.Collection, e.Index)
}

// DamagedError says that the file cannot be trusted and where it was set aside ("" when it was not).
type DamagedError struct {
	Path, Aside string
	Err         error
}

// Error says what was found.
func (e *DamagedError) Error() string { return fmt.Sprintf("store: %s is damaged: %v", e.Path, e.Err) }

// Unwrap gives the cause.
func (e *DamagedError) Unwrap() error { return e.Err }
