package seal

import (
	"errors"
	"fmt"

	"preau/store"
)

// Document is a signed header that this site holds, so that it can be found by
// its short code and by what it withdraws or replaces. Whoever keeps the record
// behind it notes it here once the signature was found good.
type Document struct {
	Code     string   `cbor:"1,keyasint,omitempty"` // bare, made from Signed
	Signed   Signed   `cbor:"2,keyasint,omitempty"`
	Record   store.ID `cbor:"3,keyasint,omitzero"`  // what Replaces of a later one names
	Path     string   `cbor:"4,keyasint,omitempty"` // its page on this site
	Replaces string   `cbor:"5,keyasint,omitempty"` // as in the header
}

var documents = store.Define(store.Spec[Document]{
	Name: "seal.documents", Home: store.Local, Format: 1,
	Indexes: []store.Index[Document]{
		{Name: "code", Keys: func(d *Document) [][]byte { return [][]byte{store.Key(d.Code)} }},
		{Name: "record", Unique: true, Keys: func(d *Document) [][]byte { return [][]byte{store.Key(d.Record)} }},
		{Name: "replaces", Keys: func(d *Document) [][]byte {
			if d.Replaces == "" {
				return nil
			}
			return [][]byte{store.Key(d.Replaces)}
		}},
	},
})

// Note writes down that this site holds a signed document. Noted twice it stands
// once.
func Note(tx *store.Tx, record store.ID, s Signed, path string) error {
	if n, err := documents.Count(tx, "record", record); err != nil || n > 0 {
		return err
	}
	h, err := s.Decode()
	if err != nil {
		return fmt.Errorf("note a document: %w", err)
	}
	_, err = documents.Add(tx, Document{Code: ShortCode(s), Signed: s, Record: record, Path: path, Replaces: h.Replaces})
	return err
}

// The verdicts on a code or a QR text.
const (
	Genuine   = "genuine"
	Altered   = "altered"   // not what the office signed
	Unknown   = "unknown"   // nothing here has this code, or its key is not known here yet
	Withdrawn = "withdrawn" // genuine, and withdrawn by another
	Replaced  = "replaced"  // genuine, and replaced by another
)

// Verdict is what a site can say of a code or of a QR text.
type Verdict struct {
	Verdict string
	By      string  // reference of what withdraws or replaces it
	Header  *Header // what the office signed; nil unless the signature is good
	Path    string  // page of the document on this site, "" when it is not here
	Fault   Fault   // why not, "" when there is no more to say
	List    uint64  // number of the list of keys it was checked against, 0 for none
}

// AskText checks the text of a QR code. The document need not be here: header and
// signature stand in the text. root is the pinned root key.
func AskText(tx *store.Tx, root []byte, text string) (Verdict, error) {
	list, ok, err := keysHere(tx, root)
	if err != nil {
		return Verdict{}, err
	}
	s, err := ParseQR(text)
	if err == nil {
		if h, err := s.Decode(); err == nil && h.Kind == Paper { // needs no key of the office
			return judgePaper(tx, list, s)
		}
	}
	switch {
	case !ok:
		return Verdict{Verdict: Unknown, Fault: NoKeys}, nil
	case err != nil:
		return Verdict{Verdict: Altered, Fault: Malformed, List: list.Number}, nil
	}
	return judge(tx, list, s)
}

// AskCode looks a short code up among the documents that this site holds.
func AskCode(tx *store.Tx, root []byte, code string) (Verdict, error) {
	list, ok, err := keysHere(tx, root)
	if err != nil {
		return Verdict{}, err
	}
	bare := NormalizeCode(code)
	switch s, err := PaperByCode(tx, bare); {
	case err == nil:
		return judgePaper(tx, list, s)
	case !errors.Is(err, store.ErrNotFound):
		return Verdict{}, err
	case !ok:
		return Verdict{Verdict: Unknown, Fault: NoKeys}, nil
	case !CheckCode(bare):
		return Verdict{Verdict: Unknown, Fault: WrongCode, List: list.Number}, nil
	}
	for d, err := range documents.Where(tx, "code", bare) {
		if err != nil {
			return Verdict{}, err
		}
		return judge(tx, list, d.Value.Signed)
	}
	return Verdict{Verdict: Unknown, List: list.Number}, nil
}

// judgePaper is for what a school signed: only that school can say.
func judgePaper(tx *store.Tx, list KeyList, s Signed) (Verdict, error) {
	v := Verdict{List: list.Number}
	h, end, err := VerifyPaper(tx, s)
	if errors.As(err, &v.Fault) {
		if v.Verdict = Altered; v.Fault == UnknownKey {
			twisted, err := isTwistedPaper(tx, list, s)
			if err != nil {
				return v, err
			}
			if v.Fault = BadSignature; !twisted {
				v.Verdict, v.Fault = Unknown, OtherSchool
			}
		}
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.Verdict, v.Header, v.By = Genuine, &h, end.By
	switch {
	case end.Withdrawn:
		v.Verdict = Withdrawn
	case end.By != "":
		v.Verdict = Replaced
	}
	return v, nil
}

// isTwistedPaper tells whether a paper of an unknown key is one that is known here
// with its kind or the number of its key altered: the signature betrays it.
func isTwistedPaper(tx *store.Tx, list KeyList, s Signed) (bool, error) {
	h, err := s.Decode()
	if err != nil {
		return true, nil
	}
	for r, err := range paperKeys.All(tx) {
		if err != nil {
			return false, err
		}
		as := h
		as.KeyID = paperKeyID(r.Value.Public)
		if b, err := as.encode(); err == nil {
			if _, _, err := VerifyPaper(tx, Signed{Header: b, Signature: s.Signature}); err == nil {
				return true, nil
			}
		}
	}
	for kind := Circular; kind < Paper; kind++ {
		as := h
		as.Kind = kind
		if b, err := as.encode(); err == nil {
			if _, _, err := signedBy(list, Signed{Header: b, Signature: s.Signature}); err == nil {
				return true, nil
			}
		}
	}
	return false, nil
}

func keysHere(tx *store.Tx, root []byte) (KeyList, bool, error) {
	list, err := Current(tx, root)
	if errors.Is(err, ErrNoList) {
		return list, false, nil
	}
	return list, err == nil, err
}

func judge(tx *store.Tx, list KeyList, s Signed) (Verdict, error) {
	v := Verdict{List: list.Number}
	held, err := documents.One(tx, "code", ShortCode(s))
	here := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return v, err
	}
	var h Header
	if here {
		h, err = VerifyRecord(list, s, held.Value.Record)
	} else {
		h, err = Verify(list, s)
	}
	if errors.As(err, &v.Fault) {
		v.Verdict = Altered
		if v.Fault == UnknownKey && newer(list, s) {
			v.Verdict = Unknown
		}
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.Verdict, v.Header = Genuine, &h
	if !here {
		return v, nil
	}
	v.Path = held.Value.Path
	return ended(tx, list, held.Value, v)
}

// ended tells by what a document is withdrawn or replaced, when it is.
func ended(tx *store.Tx, list KeyList, d Document, v Verdict) (Verdict, error) {
	for later, err := range documents.Where(tx, "replaces", d.Record.String()) {
		if err != nil {
			return v, err
		}
		lh, err := VerifyRecord(list, later.Value.Signed, later.Value.Record)
		if err != nil {
			continue // what does not count ends nothing
		}
		v.By, v.Verdict = lh.Reference, Replaced
		if lh.Kind == Withdrawal {
			v.Verdict = Withdrawn
			return v, nil
		}
	}
	return v, nil
}

// newer tells whether a header may be signed by a key that is younger than the
// list here: its number is above all that are known, and it is no altered header
// of a known key, which the signature of that key would betray.
func newer(list KeyList, s Signed) bool {
	h, err := s.Decode()
	if err != nil {
		return false
	}
	for _, k := range list.Keys {
		if h.KeyID <= k.ID {
			return false
		}
		as := h
		as.KeyID = k.ID
		if b, err := as.encode(); err == nil {
			if _, err := Verify(list, Signed{Header: b, Signature: s.Signature}); err == nil {
				return false
			}
		}
	}
	return true
}

// SignedBy lists what this site holds of a key's work, newest first.
func SignedBy(tx *store.Tx, key uint32) (list []Document, err error) {
	for d, err := range documents.Scan(tx, store.Query{Reverse: true}) {
		if err != nil {
			return nil, err
		}
		if h, err := d.Value.Signed.Decode(); err == nil && h.KeyID == key {
			list = append(list, d.Value)
		}
	}
	return list, nil
}

// Newest is the last record that was signed, zero when there is none.
func Newest(tx *store.Tx) (last store.ID, err error) {
	for d, err := range documents.All(tx) {
		if err != nil {
			return last, err
		}
		if r := d.Value.Record; r.Origin != last.Origin || r.Number > last.Number {
			last = r
		}
	}
	return last, nil
}
