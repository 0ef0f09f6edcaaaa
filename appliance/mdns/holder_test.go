package mdns

import (
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

func holderOf(name string, addrs ...string) *holder {
	h := &holder{name: name, port: 8080, lost: make(chan struct{})}
	for _, a := range addrs {
		h.own = append(h.own, netip.MustParseAddr(a))
	}
	return h
}

// TestOneOfTwoGoesFirst: of two that ask for a name at the same moment exactly one
// yields, and nobody to the echo of its own question.
func TestOneOfTwoGoesFirst(t *testing.T) {
	sets := [][]string{{"10.0.0.1"}, {"10.0.0.2"}, {"10.0.0.1", "192.168.1.1"}, {"9.255.0.1"}, {"10.0.0.1", "2001:db8::1"}}
	for _, a := range sets {
		for _, b := range sets {
			x, y := holderOf("lycee", a...), holderOf("lycee", b...)
			ask := func(h *holder) *dns.Msg { return &dns.Msg{Ns: h.records(ttl, 0)} }
			same := slices.Equal(a, b)
			if n := count(x.yields(ask(y)), y.yields(ask(x))); n != 1 && !same || same && n != 0 {
				t.Errorf("of %v and %v, %d yield", a, b, n)
			}
		}
	}
	if holderOf("lycee", "10.0.0.1").yields(&dns.Msg{Ns: holderOf("ceg", "10.0.0.9").records(ttl, 0)}) {
		t.Error("it yields to who asks for another name")
	}
}

func count(all ...bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// TestWhatContestsAName: another address or port under our name does, whatever its
// letters; our own echo, other names and goodbyes do not.
func TestWhatContestsAName(t *testing.T) {
	h := holderOf("lycee", "10.0.0.1", "10.0.0.2")
	a := func(name, ip string, ttl uint32) dns.RR {
		return &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Ttl: ttl}, A: net.ParseIP(ip)}
	}
	srv := func(target string, port uint16) dns.RR {
		return &dns.SRV{Hdr: dns.RR_Header{Name: "lycee._http._tcp.local.", Rrtype: dns.TypeSRV, Ttl: 120}, Target: target, Port: port}
	}
	for _, c := range []struct {
		what string
		rr   dns.RR
		want bool
	}{
		{"our address", a("lycee.local.", "10.0.0.2", 120), false},
		{"another's", a("lycee.local.", "10.0.0.3", 120), true},
		{"another's, in capitals", a("LYCEE.local.", "10.0.0.3", 120), true},
		{"another's goodbye", a("lycee.local.", "10.0.0.3", 0), false},
		{"another name", a("lycee-2.local.", "10.0.0.3", 120), false},
		{"our service", srv("lycee.local.", 8080), false},
		{"a service of another host", srv("printer.local.", 8080), true},
		{"another server on this machine", srv("lycee.local.", 8081), true},
	} {
		if got := h.foreign(&dns.Msg{Answer: []dns.RR{c.rr}}); got != c.want {
			t.Errorf("%s: contested is %v", c.what, got)
		}
	}
	h.rival = make(chan outcome, 1)
	h.hear(&dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Extra: []dns.RR{a("lycee.local.", "10.0.0.3", 120)}}, 1, nil)
	if got := <-h.rival; got != taken {
		t.Errorf("a name that is answered for ends in %v", got)
	}
}

// TestAnswers: addresses of the kind asked for, what we have none of said so, and
// nothing for other kinds; a plain resolver gets what it understands.
func TestAnswers(t *testing.T) {
	h := holderOf("lycee", "10.0.0.1")
	q := func(kind uint16) dns.Question {
		return dns.Question{Name: "lycee.local.", Qtype: kind, Qclass: dns.ClassINET}
	}
	if r := h.reply(q(dns.TypeA)); len(r.Answer) != 1 || !r.Answer[0].(*dns.A).A.Equal(net.IPv4(10, 0, 0, 1)) || r.Answer[0].Header().Class != dns.ClassINET|flush {
		t.Errorf("A: %v", r)
	}
	if r := h.reply(q(dns.TypeAAAA)); len(r.Answer) != 1 || r.Answer[0].Header().Rrtype != dns.TypeNSEC {
		t.Errorf("AAAA: %v", r)
	}
	if r := h.reply(q(dns.TypeTXT)); r != nil {
		t.Errorf("TXT: %v", r)
	}
	r := h.reply(q(dns.TypeA))
	legacy(r, 77, q(dns.TypeA))
	if b, err := r.Pack(); err != nil || r.Id != 77 || len(r.Question) != 1 || r.Answer[0].Header().Class != dns.ClassINET || r.Answer[0].Header().Ttl > 10 {
		t.Errorf("to a plain resolver: %v %v (%d bytes)", err, r, len(b))
	}
	known := &dns.Msg{Answer: h.records(ttl, 0)}
	if !h.known(known, h.reply(q(dns.TypeA))) {
		t.Error("it repeats what the asker knows")
	}
	known.Answer[0].Header().Ttl = 10
	if h.known(known, h.reply(q(dns.TypeA))) {
		t.Error("it does not renew what the asker is about to forget")
	}
}
