package appliance

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"strconv"

	"github.com/grandcat/zeroconf"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
)

// announce makes <slug>.local and _http._tcp known on the LAN. It returns the
// goodbye. An announcement that cannot be made is only logged: the address
// still works. The TXT record says no person's name; its key is a fingerprint,
// for mDNS finds an address and proves nothing.
func (r *Running) announce(at net.Addr) (quiet func()) {
	none := func() {}
	tcp, ok := at.(*net.TCPAddr)
	if !r.Config.MDNS.Enabled || !ok || tcp.IP.IsLoopback() {
		return none
	}
	var site school.SiteInfo
	if err := r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }); err != nil {
		return none
	}
	slug := site.Slug
	if r.Config.Site.Slug != "" {
		slug = r.Config.Site.Slug
	}
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return none
	}
	ips, names := lanAddresses()
	if slug == "" || len(ips) == 0 {
		return none
	}
	print := sha256.Sum256(key.Public().(ed25519.PublicKey))
	txt := []string{"path=/", "site=" + site.Code, "version=" + r.Version, "key=" + hex.EncodeToString(print[:8])}
	s, err := zeroconf.RegisterProxy(slug, "_http._tcp", "local.", tcp.Port, slug, ips, txt, names)
	if err != nil {
		r.Log.Warn("not announced on the LAN", "cause", err)
		return none
	}
	r.Log.Info("announced", "name", slug+".local", "port", strconv.Itoa(tcp.Port))
	return s.Shutdown
}

// lanAddresses are this machine's addresses that neighbours can reach, and the
// interfaces that hold them. Link-local IPv6 ones come last resort only: not at all.
func lanAddresses() (ips []string, on []net.Interface) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, nil
	}
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagMulticast == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		found := false
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
				ips, found = append(ips, n.IP.String()), true
			}
		}
		if found {
			on = append(on, i)
		}
	}
	return ips, on
}
