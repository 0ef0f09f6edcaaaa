// Package verify answers whether a printed document is what the ministry signed.
//
// It promises: no login, no network and no clock are needed; the text of a QR code
// is checked though this site never saw the document; a short code is looked up
// among what the site holds; and the page says in plain words what was checked and
// what was not. The checking itself is school/seal's.
package verify

import (
	"embed"
	"net/http"
	"strings"

	"preau/appliance"
	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

//go:embed words
var files embed.FS

// Module is the page and the endpoint, the same at both kinds of site.
func Module() appliance.Module {
	pages := []web.Route{{Path: "/verify", Access: school.Public(), Handle: page}}
	return appliance.Module{
		Name: "verify", Files: files, Pages: pages, OfficePages: pages,
		API: []web.Endpoint{{
			Method: "GET", Path: "/verify", Access: school.Public(), Query: []string{"code", "text"}, Out: answer{}, PerMinute: 600, Handle: api,
			Summary: "Verify a short code or the text of a QR code",
		}},
	}
}

// answer is the verdict as the API gives it; the shape is a promise to others.
type answer struct {
	Verdict string `json:"verdict"` // genuine, altered, unknown, withdrawn, replaced
	By      string `json:"by"`      // reference of what withdraws or replaces it
}

// Bounds of what is asked, in bytes.
const (
	codeMost = 200
	textMost = 16 << 10
)

func ask(tx *store.Tx, code, text string) (seal.Verdict, error) {
	site, err := school.Site(tx)
	if err != nil {
		return seal.Verdict{}, err
	}
	if text != "" {
		return seal.AskText(tx, site.Root, text)
	}
	return seal.AskCode(tx, site.Root, code)
}

func api(c *web.Ctx) (any, error) {
	code, text := strings.TrimSpace(c.Query("code")), strings.TrimSpace(c.Query("text"))
	if code == "" && text == "" {
		return nil, school.Refuse("verify.refused.nothing", "code")
	}
	var v seal.Verdict
	err := c.View(func(tx *store.Tx) (err error) { v, err = ask(tx, code, text); return err })
	return answer{v.Verdict, v.By}, err
}

type model struct {
	web.Base
	Code, Text string
	Asked      bool
	Verdict    seal.Verdict
	Mark       web.Mark
}

// page says in plain words what was checked. Anybody may ask. What looks like a
// QR text in the field of the code is taken for one.
func page(c *web.Ctx) error {
	p := model{Base: c.Base("verify.title"), Code: strings.TrimSpace(c.Query("code")), Text: strings.TrimSpace(c.Query("text"))}
	if p.Text == "" && len(seal.NormalizeCode(p.Code)) > 2*seal.CodeLength {
		p.Code, p.Text = "", p.Code
	}
	if len(p.Code) > codeMost || len(p.Text) > textMost {
		p.Code, p.Text = "", ""
	}
	p.Asked = p.Code != "" || p.Text != ""
	if p.Asked {
		if err := c.View(func(tx *store.Tx) (err error) { p.Verdict, err = ask(tx, p.Code, p.Text); return err }); err != nil {
			return err
		}
		p.Mark = map[string]web.Mark{
			seal.Genuine:   {Icon: "check", Tone: web.Green},
			seal.Altered:   {Icon: "octagon", Tone: web.Brick},
			seal.Unknown:   {Icon: "clock", Tone: web.Ochre},
			seal.Withdrawn: {Icon: "octagon", Tone: web.Brick},
			seal.Replaced:  {Icon: "octagon", Tone: web.Ochre},
		}[p.Verdict.Verdict]
		p.Mark.Bold = p.T(p.words())
	}
	return c.Render(http.StatusOK, view(p))
}

// why is the sentence under the verdict.
func (p model) why() string {
	switch {
	case p.Verdict.Verdict == seal.Unknown && p.Verdict.Fault != "":
		return p.T(p.Verdict.Fault.Key())
	case p.Verdict.Verdict == seal.Altered:
		return p.T("verify.altered.text") + " " + p.T(p.Verdict.Fault.Key())
	}
	return p.T(p.words()+".text", "reference", p.Verdict.By)
}

// words is the key of the verdict: the ministry speaks, or this school.
func (p model) words() string {
	if p.paper() {
		return "verify.paper." + p.Verdict.Verdict
	}
	return "verify." + p.Verdict.Verdict
}

func (p model) paper() bool {
	return p.Verdict.Header != nil && p.Verdict.Header.Kind == seal.Paper
}

// checked says what stands behind the verdict, one sentence each.
func (p model) checked() (list []string) {
	v := p.Verdict
	if p.paper() {
		return append(list, p.T("verify.checked.paper"), p.T("verify.checked.not_paper"))
	}
	if v.List == 0 {
		return nil
	}
	switch {
	case v.Header != nil && p.Text != "":
		list = append(list, p.T("verify.checked.text", "key", v.Header.KeyID, "list", v.List))
	case v.Header != nil:
		list = append(list, p.T("verify.checked.code", "key", v.Header.KeyID, "list", v.List))
	case p.Text != "":
		list = append(list, p.T("verify.checked.no_text", "list", v.List))
	default:
		return append(list, p.T("verify.checked.no_code"))
	}
	if v.Header != nil {
		if v.Path != "" {
			list = append(list, p.T("verify.checked.standing"))
		} else {
			list = append(list, p.T("verify.checked.not_here"))
		}
		list = append(list, p.T("verify.checked.not_paper"))
	}
	return list
}
