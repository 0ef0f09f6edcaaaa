package circulars

import (
	"preau/web"
)

// named is a name, or what stands for one that is missing.
func named(b web.Base, s string) string {
	if s == "" {
		return b.T("circulars.unnamed")
	}
	return s
}

func deadline(b web.Base, day string) string {
	if day == "" {
		return "—"
	}
	return b.Day(day)
}

// stateMark is a circular's state at the office.
func stateMark(b web.Base, state string) web.Mark {
	m := map[string]web.Mark{
		"draft":   {Icon: "clock", Tone: web.Ochre},
		"writing": {Icon: "file", Tone: web.Blue},
		"signed":  {Icon: "check", Tone: web.Green},
		Withdrawn: {Icon: "octagon", Tone: web.Brick},
		Replaced:  {Icon: "octagon", Tone: web.Ochre},
	}[state]
	m.Bold = b.T("circulars.state." + state)
	return m
}

func listHead(p schoolListPage) []web.Head {
	head := []web.Head{{Label: p.T("circulars.col.number"), Class: "m"}, {Label: p.T("circulars.col.subject")}, {Label: p.T("circulars.col.deadline")}}
	if p.Register {
		return append(head, web.Head{Label: p.T("circulars.col.read"), Class: "n"}, web.Head{Label: p.T("circulars.col.receipt")})
	}
	return append(head, web.Head{Label: p.T("circulars.col.mine")})
}

// shown is the circular in the state that the register gives it.
func (p schoolShowPage) shown() view {
	v := p.view
	v.Standing, v.By = p.Arrival.State, p.Arrival.By
	return v
}

// deeds are what the head's office can do with a circular.
func (p schoolShowPage) deeds() (list []web.Button) {
	at := "/circulars/" + p.ID.String()
	list = append(list, web.Button{Label: p.T("circulars.readers.link"), Href: at + "/readers", Kind: web.Secondary})
	if p.Forward {
		list = append(list, web.Button{Label: p.T("circulars.forward.link"), Href: at + "/forward", Kind: web.Secondary})
	}
	if p.Answer {
		list = append(list, web.Button{Label: p.T("circulars.reply.link"), Href: at + "/reply", Kind: web.Secondary})
	}
	return list
}

// draftLink opens a draft for who writes; who only signs is taken to signing.
func draftLink(p officeListPage, d officeRow) string {
	at := "/circulars/drafts/" + d.ID.String()
	if p.Write {
		return at
	}
	return at + "/sign"
}

func yes(b web.Base, v bool) string {
	if v {
		return b.T("circulars.yes")
	}
	return b.T("circulars.no")
}

// deeds lead from a circular to what came back; replies only where they were asked.
func (p officeShowPage) deeds() []web.Button {
	at := "/circulars/" + p.ID.String()
	list := []web.Button{{Label: p.T("circulars.receipts.link"), Href: at + "/receipts"}}
	if p.Reply || p.Replies > 0 {
		list = append(list, web.Button{Label: p.T("circulars.replies.link", "count", p.Replies), Href: at + "/replies", Kind: web.Secondary})
	}
	return list
}
