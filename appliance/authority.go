package appliance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"preau/store"
)

// authority is the certificate authority of one site, for HTTPS on its LAN. Its
// root can be installed on the school's machines. It is constrained to the
// site's own names: whoever steals the box can pretend to be this school's
// server and nothing else on the Internet. Addresses are not among them: they
// belong to whoever the router gives them next.
//
// The root lies in DIR/keys/lan.key and lan.crt. The server's certificate is
// made in memory at each start. A site that changes its names gets a new root.
type authority struct {
	key   *ecdsa.PrivateKey
	root  *x509.Certificate
	names []string
	clock store.Clock

	mu   sync.Mutex
	leaf *tls.Certificate
}

const (
	rootYears = 30
	// Devices of Apple take no server certificate that is valid for longer than
	// 825 days, whoever signed it.
	leafDays  = 820
	renewDays = 400
)

// rootFrom is a date that every clock has passed which has ever been set right.
// A box whose clock woke in 1970 still makes certificates that others accept.
var rootFrom = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// openAuthority reads the site's authority, and makes it when there is none for
// these names.
func openAuthority(dir string, names []string, clock store.Clock) (*authority, error) {
	a := &authority{names: names, clock: clock}
	err := a.load(dir)
	if err == nil && a.covers() {
		return a, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	if err := a.make(dir); err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	return a, nil
}

// lanNames are the names that a site's certificate holds: <slug>.local, those
// that it may take when another box has it, and the configured ones.
func lanNames(c SiteConfig) []string {
	var names []string
	if c.Slug != "" {
		names = append(names, c.Slug+".local")
		for i := 2; i <= 9; i++ {
			names = append(names, c.Slug+"-"+strconv.Itoa(i)+".local")
		}
	}
	for _, h := range c.Hosts {
		if net.ParseIP(h) == nil {
			names = append(names, h)
		}
	}
	return names
}

func (a *authority) load(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "keys", "lan.crt"))
	if err != nil {
		return err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return errors.New("keys/lan.crt holds no certificate; move it away and start again")
	}
	if a.root, err = x509.ParseCertificate(block.Bytes); err != nil {
		return err
	}
	raw, err = os.ReadFile(filepath.Join(dir, "keys", "lan.key"))
	if err != nil {
		return err
	}
	if block, _ = pem.Decode(raw); block == nil {
		return errors.New("keys/lan.key holds no key; move it away and start again")
	}
	a.key, err = x509.ParseECPrivateKey(block.Bytes)
	if err == nil && !a.key.PublicKey.Equal(a.root.PublicKey) {
		return os.ErrNotExist // the power went between the two: make them again
	}
	return err
}

// covers tells whether the root may sign for all the site's names.
func (a *authority) covers() bool {
	for _, n := range a.names {
		if !slices.Contains(a.root.PermittedDNSDomains, n) {
			return false
		}
	}
	return true
}

func (a *authority) make(dir string) (err error) {
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	_, all4, _ := net.ParseCIDR("0.0.0.0/0")
	_, all6, _ := net.ParseCIDR("::/0")
	name := "Préau"
	if len(a.names) > 0 {
		name += " " + a.names[0]
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: rootFrom, NotAfter: rootFrom.AddDate(rootYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: a.names, ExcludedIPRanges: []*net.IPNet{all4, all6},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, a.key.Public(), a.key)
	if err != nil {
		return err
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	raw, err := x509.MarshalECPrivateKey(a.key)
	if err != nil {
		return err
	}
	keys := filepath.Join(dir, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return err
	}
	if err := store.WriteFile(filepath.Join(keys, "lan.key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})); err != nil {
		return err
	}
	return store.WriteFile(filepath.Join(keys, "lan.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// tls is how the pages are served under it.
func (a *authority) tls() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, // a phone of 2013 speaks no other
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return a.certificate()
		},
	}
}

// certificate is the server's, made anew when it nears its end.
func (a *authority) certificate() (*tls.Certificate, error) {
	now, _ := a.clock.Now()
	if now.Before(rootFrom) {
		now = rootFrom
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leaf != nil && now.After(a.leaf.Leaf.NotBefore) && a.leaf.Leaf.NotAfter.Sub(now) > (leafDays-renewDays)*24*time.Hour {
		return a.leaf, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	from := now.AddDate(0, 0, -30) // machines whose clock is a little behind
	if from.Before(rootFrom) {
		from = rootFrom
	}
	t := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: a.root.Subject.CommonName + " pages"}, DNSNames: a.names,
		NotBefore: from, NotAfter: from.AddDate(0, 0, leafDays),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.root, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.leaf = &tls.Certificate{Certificate: [][]byte{der, a.root.Raw}, PrivateKey: key, Leaf: leaf}
	return a.leaf, nil
}

// fingerprint is the SHA-256 of the root in four lines of eight pairs, the pairs
// as systems show them before they install it.
func (a *authority) fingerprint() (lines []string) {
	sum := sha256.Sum256(a.root.Raw)
	for part := range slices.Chunk(sum[:], 8) {
		lines = append(lines, strings.ReplaceAll(fmt.Sprintf("% X", part), " ", ":"))
	}
	return lines
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return n.Add(n, big.NewInt(1))
}
