package sample

import (
	"net/http"

	"preau/school"
	"preau/store"
	"preau/web"
)

type formPage struct {
	web.Base
	Note   Note
	Groups []string
	Urgent bool
	Files  []web.Upload
}

func showForm(c *web.Ctx) error {
	return c.Render(http.StatusOK, formView(formPage{Base: c.Base("sample.form.title"), Note: Note{Region: "GL"}}))
}

func save(c *web.Ctx) error {
	f, err := c.Form()
	n := Note{Subject: f.Get("subject"), Reference: f.Get("reference"), Deadline: f.Get("deadline"), Body: f.Get("body"), Region: f.Get("region")}
	for _, u := range f.Files("annex") {
		n.Files = append(n.Files, u.Blob)
	}
	if err == nil {
		err = c.Post(func(tx *store.Tx) (web.Result, error) { return add(tx, n) })
	}
	if c.Refused(err) {
		p := formPage{Base: c.Base("sample.form.title"), Note: n, Groups: f.All("group"), Urgent: f.Has("urgent"), Files: f.Files("annex")}
		p.Refused = c.T("sample.refused.title")
		return c.Render(http.StatusUnprocessableEntity, formView(p))
	}
	return err
}

func add(tx *store.Tx, n Note) (web.Result, error) {
	var no school.Refusals
	if n.Subject == "" {
		no = append(no, school.Refuse("sample.refused.subject", "subject"))
	}
	if n.Deadline != "" && !school.ValidDay(n.Deadline) {
		no = append(no, school.Refuse("sample.refused.deadline", "deadline", "value", n.Deadline))
	}
	if err := no.Or(); err != nil {
		return web.Result{}, err
	}
	count, err := Notes.Count(tx, "number")
	if err != nil {
		return web.Result{}, err
	}
	n.Number = count + 1
	now, _ := tx.Now()
	n.Day = now.Format("2006-01-02")
	id, err := Notes.Add(tx, n)
	return web.Result{To: "/notes/" + id.String(), Flash: "sample.flash.saved", FlashArgs: map[string]any{"subject": n.Subject}}, err
}
