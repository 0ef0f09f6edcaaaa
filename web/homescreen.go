package web

import (
	"encoding/json"
	"net/http"
	"strconv"

	"preau/assets"
	"preau/school"
)

// manifestPath is what a page tells a phone that puts the site on its home screen.
const manifestPath = "/site.webmanifest"

// touchIcon is the size that phones without the manifest ask for.
const touchIcon = 180

// homeScreen is a web app manifest (W3C). The site opens like a page of its own that
// keeps the way back: nothing here works without the box.
type homeScreen struct {
	Name       string       `json:"name"`
	ShortName  string       `json:"short_name"`
	Lang       string       `json:"lang"`
	StartURL   string       `json:"start_url"`
	Scope      string       `json:"scope"`
	Display    string       `json:"display"`
	Theme      string       `json:"theme_color"`
	Background string       `json:"background_color"`
	Icons      []screenIcon `json:"icons"`
}

type screenIcon struct {
	Src     string `json:"src"`
	Sizes   string `json:"sizes"`
	Type    string `json:"type"`
	Purpose string `json:"purpose"`
}

func (s *Server) addHomeScreen() error {
	r := Route{Path: manifestPath, Access: school.Public(), Plain: true, Handle: s.manifest}
	return s.add(&entry{RouteInfo: RouteInfo{Method: http.MethodGet, Path: r.Path, Access: r.Access}, route: r, plain: true}, true)
}

func (s *Server) manifest(c *Ctx) error {
	m := homeScreen{
		Name: c.place.site.Name, ShortName: c.place.site.Name, Lang: c.lang, StartURL: "/", Scope: "/", Display: "minimal-ui", Theme: "#114433", Background: "#f4efe2",
	}
	if m.Name == "" {
		m.Name, m.ShortName = "Préau", "Préau"
	}
	for _, size := range assets.IconSizes {
		n := strconv.Itoa(size)
		m.Icons = append(m.Icons, screenIcon{s.icons[size], n + "x" + n, "image/png", "any maskable"})
	}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	h := c.echo.Response().Header()
	h.Set("Content-Type", "application/manifest+json")
	h.Set("Cache-Control", "no-cache")
	return c.send(http.StatusOK, body)
}
