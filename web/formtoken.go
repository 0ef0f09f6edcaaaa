package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// A form token is kind, 12 random bytes and 16 bytes of a MAC under the session's
// cookie: no other session can make or use it, and nothing is stored before it is
// spent.
const (
	onceToken  = 'o' // spent by a commit
	quitToken  = 'q' // may be repeated: signing out
	nonceBytes = 12
	macBytes   = 16
)

func (c *Ctx) makeToken(kind byte) string {
	c.needCookie()
	raw := make([]byte, 1+nonceBytes, 1+nonceBytes+macBytes)
	raw[0] = kind
	rand.Read(raw[1:])
	raw = append(raw, tokenMAC(c.sess.cookie, raw)...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (c *Ctx) newToken() string { return c.makeToken(onceToken) }

func (c *Ctx) quitToken() string {
	if !c.actor.SignedIn() {
		return ""
	}
	return c.makeToken(quitToken)
}

// readToken checks that a token belongs to this session; nonce is what spends it.
func (c *Ctx) readToken(token string) (kind byte, nonce []byte, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 1+nonceBytes+macBytes || c.sess.cookie == "" {
		return 0, nil, false
	}
	head, mac := raw[:1+nonceBytes], raw[1+nonceBytes:]
	if subtle.ConstantTimeCompare(mac, tokenMAC(c.sess.cookie, head)) != 1 {
		return 0, nil, false
	}
	return raw[0], head[1:], true
}

func tokenMAC(cookie string, head []byte) []byte {
	m := hmac.New(sha256.New, []byte("preau form token\x00"+cookie))
	m.Write(head)
	return m.Sum(nil)[:macBytes]
}
