package circulars

import (
	"errors"
	"net/http"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// Verdict is what can be said of a code or a QR text here.
type Verdict struct {
	Verdict string `json:"verdict"` // genuine, altered, unknown, withdrawn, replaced
	By      string `json:"by"`      // reference of what withdraws or replaces it
	header  *seal.Header
	id      store.ID
	fault   string
}

// verify answers for a short code, looked up among what this site holds, or
// for the text of a QR code, whose signature is checked without the circular.
func verify(tx *store.Tx, code, text string) (Verdict, error) {
	root, err := rootHere(tx)
	if err != nil {
		return Verdict{Verdict: "unknown"}, err
	}
	list, err := seal.Current(tx, root)
	if errors.Is(err, seal.ErrNoList) {
		return Verdict{Verdict: "unknown"}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	if text != "" {
		s, err := seal.ParseQR(text)
		if err != nil {
			return Verdict{Verdict: "altered", fault: seal.Malformed.Key()}, nil
		}
		return judged(tx, list, s)
	}
	bare := seal.NormalizeCode(code)
	if !seal.CheckCode(bare) {
		return Verdict{Verdict: "unknown", fault: seal.WrongCode.Key()}, nil
	}
	for r, err := range circulars.Where(tx, "code", bare) {
		if err != nil {
			return Verdict{}, err
		}
		return judged(tx, list, r.Value.Signed)
	}
	return Verdict{Verdict: "unknown"}, nil
}

func judged(tx *store.Tx, list seal.KeyList, s seal.Signed) (Verdict, error) {
	h, err := seal.Verify(list, s)
	var fault seal.Fault
	if errors.As(err, &fault) {
		return Verdict{Verdict: "altered", fault: fault.Key()}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Verdict: "genuine", header: &h}
	for r, err := range circulars.Where(tx, "code", seal.ShortCode(s)) {
		if err != nil {
			return Verdict{}, err
		}
		v.id = r.ID
		for later, err := range circulars.Where(tx, "replaces", r.ID) {
			if err != nil {
				return Verdict{}, err
			}
			lh, err := seal.Verify(list, later.Value.Signed)
			if err != nil {
				continue
			}
			v.By = lh.Reference
			if v.Verdict = Replaced; lh.Kind == seal.Withdrawal {
				v.Verdict = Withdrawn
				return v, nil
			}
		}
	}
	return v, nil
}

// rootHere is the office's root key: pinned at a box, its own at the office.
func rootHere(tx *store.Tx) ([]byte, error) {
	site, err := school.Site(tx)
	return site.Root, err
}

type verifyModel struct {
	web.Base
	Code, Text string
	Asked      bool
	Verdict    Verdict
	Mark       web.Mark
}

// verifyPage says in plain words what was checked. Anybody may ask.
func verifyPage(c *web.Ctx) error {
	p := verifyModel{Base: c.Base("circulars.verify.title"), Code: c.Query("code"), Text: c.Query("text")}
	if len(p.Code) > 200 || len(p.Text) > 8000 {
		p.Code, p.Text = "", ""
	}
	p.Asked = p.Code != "" || p.Text != ""
	if p.Asked {
		if err := c.View(func(tx *store.Tx) (err error) { p.Verdict, err = verify(tx, p.Code, p.Text); return err }); err != nil {
			return err
		}
		p.Mark = map[string]web.Mark{
			"genuine":   {Icon: "check", Tone: web.Green},
			"altered":   {Icon: "octagon", Tone: web.Brick},
			"unknown":   {Icon: "clock", Tone: web.Ochre},
			"withdrawn": {Icon: "octagon", Tone: web.Brick},
			"replaced":  {Icon: "octagon", Tone: web.Ochre},
		}[p.Verdict.Verdict]
		p.Mark.Bold = p.T("circulars.verify." + p.Verdict.Verdict)
	}
	return c.Render(http.StatusOK, verifyView(p))
}
