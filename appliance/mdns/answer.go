package mdns

import (
	"bytes"
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// records are the host's addresses.
func (h *holder) records(ttl uint32, class uint16) (list []dns.RR) {
	for _, a := range h.own {
		head := dns.RR_Header{Name: h.host(), Rrtype: dns.TypeA, Class: dns.ClassINET | class, Ttl: ttl}
		if a.Is4() {
			list = append(list, &dns.A{Hdr: head, A: a.AsSlice()})
			continue
		}
		head.Rrtype = dns.TypeAAAA
		list = append(list, &dns.AAAA{Hdr: head, AAAA: a.AsSlice()})
	}
	return list
}

func response() *dns.Msg {
	return &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Compress: true}
}

// answer says our addresses to who asks for our name, and defends it against who
// is about to take it.
func (h *holder) answer(m *dns.Msg, ifIndex int, from net.Addr) {
	for _, q := range m.Question {
		if !strings.EqualFold(q.Name, h.host()) || q.Qclass&^flush != dns.ClassINET && q.Qclass&^flush != dns.ClassANY {
			continue
		}
		r := h.reply(q)
		if r == nil || len(m.Ns) == 0 && h.known(m, r) {
			continue
		}
		udp, ok := from.(*net.UDPAddr)
		if ok && udp.Port != group.Port { // a plain resolver that knows nothing of all this
			legacy(r, m.Id, q)
			h.send(r, ifIndex, from)
			continue
		}
		h.send(r, ifIndex, group)
		if ok && q.Qclass&flush != 0 { // it may not hear the group
			h.send(r, ifIndex, from)
		}
	}
}

// reply is the answer to one question; nil when we say nothing to that.
func (h *holder) reply(q dns.Question) *dns.Msg {
	r := response()
	for _, rr := range h.records(ttl, flush) {
		if q.Qtype == dns.TypeANY || q.Qtype == rr.Header().Rrtype {
			r.Answer = append(r.Answer, rr)
		} else {
			r.Extra = append(r.Extra, rr)
		}
	}
	// What we have not is said too, or the asker waits for it.
	none := &dns.NSEC{
		Hdr:        dns.RR_Header{Name: h.host(), Rrtype: dns.TypeNSEC, Class: dns.ClassINET | flush, Ttl: ttl},
		NextDomain: h.host(), TypeBitMap: h.types(),
	}
	switch {
	case len(r.Answer) > 0:
		r.Extra = append(r.Extra, none)
	case q.Qtype == dns.TypeA || q.Qtype == dns.TypeAAAA:
		r.Answer = append(r.Answer, none)
	default:
		return nil
	}
	return r
}

func (h *holder) types() (list []uint16) {
	for _, a := range h.own {
		t := dns.TypeA
		if !a.Is4() {
			t = dns.TypeAAAA
		}
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	slices.Sort(list)
	return list
}

// known tells whether the asker lists all of the answer already (7.1).
func (h *holder) known(m *dns.Msg, r *dns.Msg) bool {
	had := addressesIn(slices.DeleteFunc(slices.Clone(m.Answer), func(rr dns.RR) bool { return rr.Header().Ttl < ttl/2 }), h.host())
	for _, a := range addressesIn(r.Answer, h.host()) {
		if !slices.ContainsFunc(had, func(x []byte) bool { return bytes.Equal(x, a) }) {
			return false
		}
	}
	return len(had) > 0
}

// legacy makes an answer for a resolver that is no mDNS one (6.7).
func legacy(r *dns.Msg, id uint16, q dns.Question) {
	r.Id, r.Question = id, []dns.Question{q}
	for _, rr := range slices.Concat(r.Answer, r.Extra) {
		rr.Header().Class &^= flush
		rr.Header().Ttl = 10
	}
}
