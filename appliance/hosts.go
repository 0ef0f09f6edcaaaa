package appliance

import (
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// hostNames are the names under which browsers may reach the pages: those
// configured, <slug>.local, localhost and the machine's own name and addresses.
// A page of another name that was made to point here gets no answer.
type hostNames struct {
	fixed map[string]bool

	mu   sync.Mutex
	name string // <slug>.local as it is announced, "" before it is
	read time.Time
	now  map[string]bool // the machine's addresses, which change on a LAN
}

func newHostNames(c SiteConfig) *hostNames {
	h := &hostNames{fixed: map[string]bool{"localhost": true}}
	for _, name := range c.Hosts {
		h.fixed[strings.ToLower(strings.TrimSuffix(name, "."))] = true
	}
	if c.Slug != "" {
		h.fixed[c.Slug+".local"] = true
	}
	if name, err := os.Hostname(); err == nil && name != "" {
		name = strings.ToLower(name)
		h.fixed[name], h.fixed[name+".local"] = true, true
	}
	return h
}

// ours tells whether a host name, without its port, is the site's.
func (h *hostNames) ours(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if h.fixed[host] || host != "" && host == h.announced() {
		return true
	}
	ip := net.ParseIP(host)
	if ip == nil {
		return false
	}
	return ip.IsLoopback() || h.addresses()[ip.String()]
}

// took notes the name that the site got on the LAN: a neighbour may have the one
// that it wanted.
func (h *hostNames) took(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.name = name + ".local"
}

// announced is the name on the LAN, "" before there is one.
func (h *hostNames) announced() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.name
}

const addressesHold = 30 * time.Second

func (h *hostNames) addresses() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.read) < addressesHold {
		return h.now
	}
	h.read, h.now = time.Now(), map[string]bool{}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return h.now
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			h.now[n.IP.String()] = true
		}
	}
	return h.now
}
