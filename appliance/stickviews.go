package appliance

import (
	"context"
	"errors"

	"preau/school"
	boxsync "preau/sync"
	"preau/web"
)

// workError is a refusal in words, or that something else failed: what, the log
// says.
func (p sticksPage) workError() string {
	if no := school.RefusalsIn(p.Work.Err); no != nil {
		return p.Sentence(no[0])
	}
	if errors.Is(p.Work.Err, context.Canceled) {
		return p.T("appliance.sticks.stopped")
	}
	return p.T("appliance.sticks.failed")
}

func planFacts(b web.Base, p *boxsync.Plan) []web.Fact {
	facts := []web.Fact{
		{Label: b.T("appliance.sticks.records"), Text: b.Number(p.Records)},
		{Label: b.T("appliance.sticks.files"), Text: b.Number(p.Files)},
		{Label: b.T("appliance.sticks.size"), Text: b.Size(p.Bytes)},
	}
	if p.Parts > 1 {
		facts = append(facts, web.Fact{Label: b.T("appliance.sticks.count"), Text: b.T("appliance.sticks.count.each", "count", p.Parts)})
	}
	return facts
}

// stickSizes are the sizes of sticks that schools have.
func stickSizes(b web.Base) (list []web.Option) {
	list = append(list, web.Option{Value: "", Label: b.T("appliance.sticks.each.any")})
	for _, s := range []string{"2G", "1G", "500M", "100M"} {
		n, _ := ParseSize(s)
		list = append(list, web.Option{Value: s, Label: b.T("appliance.sticks.each.most", "size", b.Size(n*1000/1024*1000/1024))})
	}
	return list
}

// planButton is the download's weight: second to writing onto the stick.
func planButton(at plugged) web.ButtonKind {
	if at.Here {
		return web.Secondary
	}
	return web.Primary
}

func partLabel(b web.Base, p *boxsync.Plan, part int) string {
	if p.Parts == 1 {
		return b.T("appliance.sticks.download", "size", b.Size(p.Size(part)))
	}
	return b.T("appliance.sticks.download_part", "part", part, "count", p.Parts, "size", b.Size(p.Size(part)))
}
