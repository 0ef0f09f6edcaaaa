package ministry

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/school/sheet"
	"preau/store"
	boxsync "preau/sync"
	"preau/web/webtest"
)

// aFleet is an office of 100 schools: box 1 is silent, 2 was never heard, 3 has
// a full disk and a wrong clock, 4 a wrong clock, 5 is not enrolled.
func aFleet(t *testing.T) *webtest.Site {
	t.Helper()
	s := office(t)
	err := s.DB.Update(func(tx *store.Tx) error {
		now, _ := tx.Now()
		for n := 1; n <= 100; n++ {
			code := fmt.Sprintf("LYC-%04d", n)
			u := org.Unit{Code: code, Name: "Lycée de Ville-Neuve " + fmt.Sprint(n), Kind: org.School, Type: "general", Parent: "IESG-KARA"}
			if n%2 == 0 {
				u.Parent = "IESG-AGOE"
			}
			if n == 6 {
				u.Name = "=cmd|'/C calc'!A0"
			}
			if _, err := org.Units.Add(tx, u); err != nil {
				return err
			}
			if n == 5 {
				continue
			}
			if err := boxsync.Pin(tx, code, bytes.Repeat([]byte{byte(n)}, ed25519.PublicKeySize)); err != nil {
				return err
			}
			c := boxsync.Contact{
				Site: code, Last: now.Add(-time.Duration(n) * time.Minute), Build: "0.2", Trusted: true, Pending: n % 7,
				Health:  boxsync.Health{FreeDisk: int64(n%20+2) << 30, DiskSize: 29 << 30, Cuts: n % 30},
				Waiting: []boxsync.LaneWait{{Lane: store.Urgent, Records: n % 7, Bytes: 400}}, Up: int64(n) << 14, Down: int64(n) << 16,
			}
			switch n {
			case 1:
				c.Last = now.AddDate(0, 0, -8)
			case 2:
				continue
			case 3:
				c.Health.FreeDisk, c.Apart, c.Trusted, c.Build = 90<<20, -400*24*time.Hour, false, "0.1"
			case 4:
				c.Apart = 5 * time.Minute
			}
			for range 2 {
				if err := noteContact(tx, c); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheFleetShowsTroubleFirst(t *testing.T) {
	s := aFleet(t)
	p := s.As(school.Operator).Get("/fleet")
	text := p.Text()
	at := func(name string) int { return strings.Index(text, name+" LYC-") }
	order := []int{at("Ville-Neuve 1"), at("Ville-Neuve 2"), at("Ville-Neuve 3"), at("Ville-Neuve 4"), at("Ville-Neuve 5"), at("Ville-Neuve 100")}
	if order[0] < 0 || !slices.IsSorted(order) {
		t.Errorf("the order is %v of\n%s", order, text)
	}
	for _, words := range []string{
		"4 boîtiers sur 100 établissements", "pas de contact", "enrôlé, jamais entendu", "disque presque plein, horloge fausse", "heure douteuse", "avance de 5 min", "pas encore enrôlé",
		"Versions du programme", "1 à 50 sur 100",
	} {
		if !p.Has(words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if p := s.As(school.Operator).Get("/fleet?unit=IESG-AGOE"); p.Has("Ville-Neuve 1 LYC") || !p.Has("2 boîtiers sur 50") || !p.Has("Ville-Neuve 2") {
		t.Errorf("one inspection: %s", p)
	}
	if p := s.As(school.Operator).Get("/fleet?state=sick"); p.Has("Ville-Neuve 1 LYC") || !p.Has("Ville-Neuve 3") || !p.Has("1 à 2 sur 2") {
		t.Errorf("one state: %s", p)
	}
	one := s.As(school.Operator).Get("/fleet/LYC-0003")
	for _, words := range []string{"94 Mo libres sur 31 Go", "3 en 30 jours", "urgent", "Données par mois"} {
		if !one.Has(words) {
			t.Errorf("the box's page lacks %q: %s", words, one)
		}
	}
	if p := s.As(school.Operator).Get("/fleet/NOBODY"); p.Status != 404 {
		t.Errorf("a box that is not there: %d", p.Status)
	}
}

func TestTheFleetIsExported(t *testing.T) {
	s := aFleet(t)
	for _, format := range []string{sheet.CSV, sheet.XLSX} {
		p := s.As(school.Operator).Get("/fleet/export?unit=IESG-AGOE&format=" + format)
		book, err := sheet.Read([]byte(p.Body), func(rows []sheet.Row) int { return len(rows[0].Cells) })
		if err != nil {
			t.Fatal(format, err)
		}
		rows := book.Sheets[0].Rows
		if len(rows) != 51 || rows[1].Text(0) != "LYC-0002" || len(rows[0].Cells) != 28 {
			t.Errorf("%s: %d rows of %d, first %q", format, len(rows), len(rows[0].Cells), rows[1].Text(0))
		}
		i := slices.IndexFunc(rows, func(r sheet.Row) bool { return r.Text(0) == "LYC-0006" })
		if i < 0 || rows[i].Text(1) != "'=cmd|'/C calc'!A0" {
			t.Errorf("%s: the formula stands as %q", format, rows[i].Text(1))
		}
		if up, down := rows[i].Text(25), rows[i].Text(26); up != fmt.Sprint(12<<14) || down != fmt.Sprint(12<<16) {
			t.Errorf("%s: moved %q and %q", format, up, down)
		}
	}
	if p := s.As(school.Operator).Get("/fleet/export?format=exe"); p.Status != 404 {
		t.Errorf("an unknown format: %d", p.Status)
	}
}

func TestTheFleetIsCounted(t *testing.T) {
	s := aFleet(t)
	got := map[string]float64{}
	if err := s.DB.View(func(tx *store.Tx) error {
		list, err := figures(tx)
		for _, f := range list {
			got[f.Name+" "+strings.Join(f.Labels, " ")] = f.Value
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"fleet_boxes state heard": 95, "fleet_boxes state silent": 1, "fleet_boxes state sick": 2, "fleet_boxes state never": 1, "fleet_boxes state not_enrolled": 1,
		"fleet_disk_free_bytes school LYC-0003": 90 << 20, "fleet_power_cuts school LYC-0008": 8, "fleet_clock_apart_seconds school LYC-0004": 300,
		"fleet_month_bytes school LYC-0010 way up": 20 << 14, "fleet_waiting_records school LYC-0008 lane urgent way up": 1, "fleet_box_info school LYC-0003 version 0.1": 1,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, not %v", name, got[name], want)
		}
	}
}

func TestTheFleetIsSeen(t *testing.T) {
	s := aFleet(t)
	tab := webtest.OpenBrowser(t).Tab(s.URL)
	ck, err := s.Server.OpenSession(s.People[school.Operator].ID, false)
	if err != nil {
		t.Fatal(err)
	}
	tab.SetCookie(ck)
	for path, name := range map[string]string{"/fleet": "fleet", "/fleet/LYC-0003": "fleet-box"} {
		tab.Open(path)
		for _, width := range []int{360, 1366} {
			tab.Width(width)
			if over := tab.Sideways(); over > 0 {
				t.Errorf("%s is %d px too wide at %d", path, over, width)
			}
			tab.Shot(fmt.Sprintf("%s-%d", name, width))
		}
		for _, f := range tab.Axe() {
			t.Errorf("%s: %v", path, f)
		}
	}
}
