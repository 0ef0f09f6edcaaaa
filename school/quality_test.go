package school_test

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"preau/school"
)

func TestPasswordQuality(t *testing.T) {
	for secret, key := range map[string]string{
		"abc":                 "short",
		"motdepasse":          "common",
		"MotDePasse":          "common",
		"P@ssw0rd":            "common",
		"password2026!":       "common",
		"!!azerty123":         "common",
		"12345678":            "common",
		"87654321":            "common",
		"abcdefgh":            "common",
		"abcd1234":            "common",
		"aaaaaaaa":            "common",
		"abababab":            "common",
		"lome2026":            "common",
		"Éternité":            "",
		"27051987":            "common",
		"samantha":            "common",
		"Corvette-77":         "common",
		"kodjo.agbo1":         "login",
		"bade-muzy-kevapu-73": "",
		"trois vaches rouges": "",
		"mangue et tabouret":  "",
		"Ŋutɔ le Lome":        "",
	} {
		got := ""
		if r := school.CheckPasswordQuality(secret, "kodjo.agbo"); r != nil {
			got = r.Key
		}
		want := key
		if key != "" {
			want = "secret.refused." + key
		}
		if got != want {
			t.Errorf("%q: %q, want %q", secret, got, want)
		}
	}
	if r := school.CheckPasswordQuality(string(make([]byte, 300)), ""); r == nil || r.Key != "secret.refused.long" {
		t.Error("300 bytes are not too long")
	}
}

func TestOneTimeSecret(t *testing.T) {
	shape := regexp.MustCompile(`^([bdfghjkmnprstvz][aeuy]){2}-([bdfghjkmnprstvz][aeuy]){2}-([bdfghjkmnprstvz][aeuy]){3}-[2-9]{2}$`)
	seen := map[string]bool{}
	for range 2000 {
		s := school.OneTimeSecret()
		if !shape.MatchString(s) {
			t.Fatalf("%q has another shape", s)
		}
		if seen[s] {
			t.Fatalf("%q was drawn twice in 2,000", s)
		}
		seen[s] = true
		if r := school.CheckPasswordQuality(s, "head"); r != nil {
			t.Fatalf("%q is refused as a lasting one: %s", s, r.Key)
		}
	}
}

func TestCheckLogin(t *testing.T) {
	for login, ok := range map[string]bool{
		"head": true, "k.agbodjan": true, "K.Agbodjan ": true, "é": false, "a": false, "a b": false, "kodjo'": false, "<b>": false, "x2": true,
	} {
		if (school.CheckLogin(login) == nil) != ok {
			t.Errorf("CheckLogin(%q): ok is not %v", login, ok)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if n := school.NormalizeLogin(s); school.NormalizeLogin(n) != n && school.CheckLogin(s) == nil {
			t.Fatalf("NormalizeLogin(%q) is not stable", s)
		}
	})
}
