package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// A phone that puts the site on its home screen is told the school's name and finds
// icons of the sizes they claim, before anybody has signed in.
func TestHomeScreenHasTheSchoolsNameAndIcons(t *testing.T) {
	s := newSample(t, 0)
	c := s.Visitor()
	page := c.Get("/signin")
	link := regexp.MustCompile(`<link rel="manifest" href="([^"]+)"`).FindStringSubmatch(page.Body)
	touch := regexp.MustCompile(`<link rel="apple-touch-icon" href="([^"]+)"`).FindStringSubmatch(page.Body)
	if link == nil || touch == nil {
		t.Fatalf("the page names no manifest or icon: %.600s", page.Body)
	}
	if !strings.Contains(page.Header.Get("Content-Security-Policy"), "manifest-src 'self'") {
		t.Error("the content policy keeps the manifest out")
	}
	p := c.Get(link[1])
	var m struct {
		Name, Display string
		StartURL      string `json:"start_url"`
		Icons         []struct{ Src, Sizes, Type string }
	}
	if err := json.Unmarshal([]byte(p.Body), &m); err != nil || p.Status != http.StatusOK || p.Header.Get("Content-Type") != "application/manifest+json" {
		t.Fatalf("%v: %d %v %s", err, p.Status, p.Header, p.Body)
	}
	if m.Name != "Lycée de la Lagune" || m.StartURL != "/" || len(m.Icons) < 2 {
		t.Errorf("%+v", m)
	}
	sizes := map[string]bool{}
	for _, x := range m.Icons {
		i := c.Get(x.Src)
		config, err := png.DecodeConfig(bytes.NewReader([]byte(i.Body)))
		if err != nil || i.Header.Get("Content-Type") != x.Type || fmt.Sprintf("%dx%d", config.Width, config.Height) != x.Sizes {
			t.Errorf("%s: %v, %d x %d, %v", x.Src, err, config.Width, config.Height, i.Header)
		}
		sizes[x.Sizes] = true
	}
	if !sizes["192x192"] || !sizes["512x512"] { // what Chromium asks for before it offers to install
		t.Errorf("sizes: %v", sizes)
	}
	if i := c.Get(touch[1]); i.Status != http.StatusOK {
		t.Errorf("%s: %s", touch[1], i)
	}
}
