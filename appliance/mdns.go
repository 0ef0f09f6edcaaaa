package appliance

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"slices"
	"time"

	"github.com/grandcat/zeroconf"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
)

const announceEvery = 30 * time.Second

// announce makes <slug>.local and _http._tcp known on the LAN until ctx ends,
// anew when the machine's addresses change: at the power's return a box is often
// up before its router. What cannot be announced is only logged: the address
// still works.
func (x *server) announce(ctx context.Context) error {
	tcp, ok := x.pages.Addr().(*net.TCPAddr)
	if !x.Config.MDNS.Enabled || !ok || tcp.IP.IsLoopback() {
		return nil
	}
	txt, err := x.announcement()
	if err != nil {
		return err
	}
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	var known []string
	quiet := func() {}
	for {
		ips, on := lanAddresses(tcp.IP)
		if !slices.Equal(ips, known) {
			quiet()
			known, quiet = ips, x.register(tcp.Port, ips, txt, on)
		}
		select {
		case <-ctx.Done():
			quiet()
			return nil
		case <-tick.C:
		}
	}
}

func (x *server) register(port int, ips, txt []string, on []net.Interface) (quiet func()) {
	if len(ips) == 0 {
		return func() {}
	}
	slug := x.Config.Site.Slug
	s, err := zeroconf.RegisterProxy(slug, "_http._tcp", "local.", port, slug, ips, txt, on)
	if err != nil {
		x.Log.Warn("not announced on the LAN", "cause", err)
		return func() {}
	}
	x.Log.Info("announced on the LAN", "name", slug+".local", "port", port)
	return s.Shutdown
}

// announcement is the TXT record: it names no person, and its key is only a
// fingerprint, for mDNS finds an address and proves nothing.
func (x *server) announcement() ([]string, error) {
	key, err := boxsync.LoadKey(x.Dir)
	if err != nil {
		return nil, err
	}
	var site school.SiteInfo
	if err := x.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }); err != nil {
		return nil, err
	}
	return []string{"path=/", "site=" + site.Code, "version=" + x.Version, "key=" + Fingerprint(key.Public().(ed25519.PublicKey))}, nil
}

// Fingerprint is how a public key is shown to people and announced: the first
// 16 hexadecimal digits of its SHA-256.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// lanAddresses are this machine's addresses that neighbours can reach, of the
// one it listens at unless that is any, and the interfaces that hold them.
// Link-local IPv6 addresses mean nothing without their interface: left out.
func lanAddresses(only net.IP) (ips []string, on []net.Interface) {
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
			n, ok := a.(*net.IPNet)
			if !ok || n.IP.IsLinkLocalUnicast() || len(only) > 0 && !only.IsUnspecified() && !only.Equal(n.IP) {
				continue
			}
			ips, found = append(ips, n.IP.String()), true
		}
		if found {
			on = append(on, i)
		}
	}
	slices.Sort(ips)
	return ips, on
}
