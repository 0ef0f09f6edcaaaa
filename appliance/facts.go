package appliance

import (
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"preau/web"
)

// exchangeFacts say where the exchange stands, in words.
func (p statusPage) exchangeFacts() []web.Fact {
	state := web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("appliance.exchange." + p.Status.Sync.State)}
	switch p.Status.Sync.State {
	case "connected", "listening":
		state.Icon, state.Tone = "columns", web.Green
	case "unenrolled":
		state.Icon, state.Tone = "octagon", web.Brick
	}
	facts := []web.Fact{{Label: p.T("appliance.status.state"), Value: web.Chip(p.Base, state)}}
	add := func(key, text string) {
		facts = append(facts, web.Fact{Label: p.T("appliance.status." + key), Text: text})
	}
	if !p.Box {
		return facts
	}
	if p.Status.Sync.LastContact != nil {
		add("contact", p.Moment(*p.Status.Sync.LastContact))
	} else {
		add("contact", p.T("appliance.status.no_contact"))
	}
	switch {
	case p.Pending.Records == 0 && p.Status.Sync.LastContact == nil: // nor is anything at the ministry
		add("pending", p.T("appliance.lanes.nothing"))
	case p.Pending.Records == 0:
		add("pending", p.T("appliance.status.nothing_waits"))
	default:
		add("pending", p.T("appliance.status.waits", "count", p.Pending.Records, "size", p.Size(p.Pending.Bytes)))
	}
	if p.Status.Sync.LastError != "" {
		add("stopped_at", p.T("appliance.stage."+p.Status.Sync.LastError))
	}
	if !p.Next.IsZero() && p.Status.Sync.State != "connected" {
		add("next", p.Moment(p.Next))
	}
	return facts
}

// machineFacts say how the machine is.
func (p statusPage) machineFacts() []web.Fact {
	fact := func(key, text string) web.Fact {
		return web.Fact{Label: p.T("appliance.status." + key), Text: text}
	}
	clock := p.DateTime(p.Clock.Now)
	switch {
	case p.Apart != 0:
		clock = p.T("appliance.status.clock_apart", "time", clock, "span", web.FormatSpan(p.Lang, p.Apart.Abs()))
	case !p.Clock.Trusted:
		clock = p.T("appliance.status.clock_doubtful", "time", clock)
	}
	stop := p.T("appliance.status.stop_clean")
	if !p.Clean {
		stop = p.T("appliance.status.stop_cut")
	}
	store := p.T("appliance.status.writable")
	if p.ReadOnly {
		store = p.T("appliance.line.readonly.text")
	}
	last := p.T("appliance.status.no_copy")
	if !p.LastCopy.IsZero() {
		last = p.DateTime(p.LastCopy)
	}
	https := fact("https", p.T("appliance.status.no_https"))
	if p.HTTPS != "" {
		https.Value = encryptedView(p.Base, p.HTTPS, strings.Join(p.Root, " "))
	}
	clean := p.T("appliance.status.no_clean")
	if !p.LastClean.IsZero() {
		clean = p.DateTime(p.LastClean)
	}
	power := p.T("appliance.status.no_cuts", "days", cutDays)
	if n := len(p.Cuts); n > 0 {
		power = p.T("appliance.status.cuts", "count", n, "days", cutDays)
	}
	at := strings.Join(p.At.all(), " · ")
	if at == "" {
		at = p.T("appliance.sheet.none")
	}
	facts := []web.Fact{
		fact("addresses", at),
		https,
		fact("clock", clock),
		p.used("disk", p.Disk.Free, p.Disk.Total),
		fact("store", store),
		fact("copy", last),
		fact("started", p.DateTime(p.Started)),
		fact("last_stop", stop),
		fact("clean", clean),
		fact("cuts_label", power),
	}
	if p.USB.Path != "" {
		facts = slices.Insert(facts, 6, p.usbFact()) // below the verified copy
	}
	if p.Lives > 1 {
		facts = append(facts, fact("lives", p.T("appliance.status.lives_are", "n", p.Lives)))
	}
	if p.MemoryTotal > 0 {
		facts = append(facts, p.used("memory", p.MemoryFree, p.MemoryTotal), fact("own", p.Size(p.Own)))
	}
	if p.Celsius > 0 {
		facts = append(facts, fact("temperature", p.T("appliance.status.celsius", "n", int(math.Round(p.Celsius)))))
	}
	facts = append(facts, fact("versions", p.T("appliance.status.versions_are", "version", p.Status.Version, "system", p.System, "go", runtime.Version())))
	if p.QR != "" {
		facts = append(facts, web.Fact{Label: p.T("appliance.status.qr"), Value: web.Drawing(p.QR)})
	}
	return facts
}

// used is room that is taken and left, drawn and told.
func (p statusPage) used(label string, free, total int64) web.Fact {
	text := p.T("appliance.status.disk_free", "free", p.Size(free), "total", p.Size(total))
	return web.Fact{Label: p.T("appliance.status." + label), Value: roomView(p.Base, text, int((total-free)>>20), int(total>>20))}
}

// wentAfter is what is known of when the power went.
func (p statusPage) wentAfter(cut startRecord) string {
	if cut.Last.IsZero() {
		return ""
	}
	text := p.T("appliance.status.went_after", "time", p.DateTime(cut.Last))
	if !cut.Trusted {
		text += " " + p.T("appliance.status.went_doubtful")
	}
	return text
}

func (p statusPage) reportHead() []web.Head {
	return []web.Head{
		{Label: p.T("appliance.status.when"), Class: "m"},
		{Label: p.T("appliance.status.outcome")},
		{Label: p.T("appliance.status.sent"), Class: "n"},
		{Label: p.T("appliance.status.received"), Class: "n"},
		{Label: p.T("appliance.status.bytes"), Class: "n"},
		{Label: p.T("appliance.status.took"), Class: "n"},
	}
}

// seconds writes a short time: "0,4 s", "12 s".
func (p statusPage) seconds(d time.Duration) string {
	s := strconv.FormatFloat(d.Seconds(), 'f', 1, 64)
	if d >= 10*time.Second {
		s = strconv.Itoa(int(d.Seconds()))
	}
	if p.Lang == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + "\u00a0s"
}
