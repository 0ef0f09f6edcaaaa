package seal

import "preau/school"

// Fault is the reason why something is not taken for genuine. It is an error
// and a key for people: Refusal says it in words.
type Fault string

// The faults, from the outside in.
const (
	Malformed    Fault = "malformed"     // not a header, list or code at all
	WrongRoot    Fault = "wrong_root"    // the list of keys is not signed by the pinned root key
	OlderList    Fault = "older_list"    // a newer list of keys is already known
	ChangedList  Fault = "changed_list"  // same number, other content
	UnknownKey   Fault = "unknown_key"   // the signing key stands in no known list
	RevokedKey   Fault = "revoked_key"   // the signing key was stolen or lost
	RetiredKey   Fault = "retired_key"   // came after the last record of a key that signs no more
	BadSignature Fault = "bad_signature" // altered after signing, or forged
	OtherBody    Fault = "other_body"    // the text is not the one signed
	OtherAnnexes Fault = "other_annexes" // an annex is missing, added or not the one signed
	OtherSchool  Fault = "other_school"  // a paper that another school issued: only that one can say
	NoKeys       Fault = "no_keys"       // this site has no list of keys yet
	WrongCode    Fault = "wrong_code"    // a short code with a slip of the pen
)

// Error is for logs.
func (f Fault) Error() string { return "seal: " + string(f) }

// Key is the words key of the reason.
func (f Fault) Key() string { return "seal.fault." + string(f) }

// Refusal is the fault in words for a person.
func (f Fault) Refusal() *school.Refusal { return school.Refuse(f.Key(), "") }
