package appliance

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"net"

	"preau/appliance/mdns"
	"preau/school"
	"preau/store"
	boxsync "preau/sync"
)

// announce makes slug.local and _http._tcp known on the LAN until ctx ends. The
// name that was got is one that hosts answers to.
func (r *Running) announce(ctx context.Context, slug string, pages net.Listener, hosts *hostNames) error {
	tcp, ok := pages.Addr().(*net.TCPAddr)
	if !r.Config.MDNS.Enabled || !ok || tcp.IP.IsLoopback() {
		return nil
	}
	changed, stop := r.DB.Watch(school.Sites.Name())
	defer stop()
	key, err := boxsync.LoadKey(r.Dir)
	if err != nil {
		return err
	}
	mdns.Announce(ctx, mdns.Options{
		Name: slug, Port: tcp.Port, Only: tcp.IP, Log: r.Log, Changed: changed, Took: hosts.took,
		Text: func() []string { return r.announcement(key.Public().(ed25519.PublicKey)) },
	})
	return nil
}

// announcement is the TXT record: it names no person, and its key is only a
// fingerprint, for mDNS finds an address and proves nothing.
func (r *Running) announcement(key ed25519.PublicKey) []string {
	var site school.SiteInfo
	_ = r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }) // no site yet: no code
	return []string{"path=/", "site=" + site.Code, "version=" + r.Version, "key=" + Fingerprint(key)}
}

// Fingerprint is how a public key is shown to people and announced: the first
// 16 hexadecimal digits of its SHA-256.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}
