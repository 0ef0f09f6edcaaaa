package appliance

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"preau/school"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

func TestWordsAreCompleteInBothLanguages(t *testing.T) { web.CheckWords(t, words) }

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Lycée de Tokoin": "lycee-de-tokoin", "  CEG  n° 2 ": "ceg-n-2", "Ɖevego": "devego", "…": "preau",
		strings.Repeat("long ", 12):                               "long-long-long-long-long-long-long-long",
		"Lycée d’enseignement technique et professionnel de Kara": "lycee-denseignement-technique-et",
		strings.Repeat("x", 50):                                   strings.Repeat("x", 40),
	} {
		if got := Slug(name); got != want {
			t.Errorf("Slug(%q) is %q, want %q", name, got, want)
		}
	}
}

func TestHostNames(t *testing.T) {
	h := newHostNames(SiteConfig{Slug: "tokoin", Hosts: []string{"ecole.example."}})
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "tokoin.local", "TOKOIN.local.", "ecole.example"} {
		if !h.ours(name) {
			t.Errorf("%s is not taken for ours", name)
		}
	}
	if h.ours("tokoin-2.local") {
		t.Error("a name that was not taken is ours")
	}
	if h.took("tokoin-2"); !h.ours("tokoin-2.local") || !h.ours("tokoin.local") {
		t.Error("the name that was got on the LAN is not taken for ours")
	}
	for _, name := range []string{"", "evil.example", "192.0.2.77", "tokoin.local.evil.example", "2001:db8::1"} {
		if h.ours(name) {
			t.Errorf("%s is taken for ours", name)
		}
	}
}

func TestMostPressingComesFirst(t *testing.T) {
	due := []web.Task{
		{Label: "some day"},
		{Label: "urgent, no date", Urgent: true},
		{Label: "urgent, in a month", Date: "2026-12-23", Urgent: true},
		{Label: "Friday", Date: "2026-11-27"},
		{Label: "late", Date: "2026-11-20", Late: true},
		{Label: "today", Date: "2026-11-23"},
		{Label: "very late", Date: "2026-10-01", Late: true},
	}
	slices.SortStableFunc(due, pressing)
	var order []string
	for _, d := range due {
		order = append(order, d.Label)
	}
	if got := strings.Join(order, ", "); got != "urgent, in a month, urgent, no date, very late, late, today, Friday, some day" {
		t.Error(got)
	}
}

func TestDemoOrder(t *testing.T) {
	demo := func(context.Context, *Demo) error { return nil }
	order, err := demoOrder([]Module{
		{Name: "a", Demo: demo, DemoAfter: []string{"c", "nobody"}},
		{Name: "b"},
		{Name: "c", Demo: demo, DemoAfter: []string{"b"}},
	})
	if err != nil || len(order) != 2 || order[0].Name != "c" || order[1].Name != "a" {
		t.Errorf("got %v, %v", order, err)
	}
	if _, err := demoOrder([]Module{{Name: "a", DemoAfter: []string{"b"}}, {Name: "b", DemoAfter: []string{"a"}}}); err == nil {
		t.Error("a circle has an order")
	}
}

// TestJobsRunAgain: at the start, after a change they watch, every so often, and
// soon after they failed or panicked.
func TestJobsRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := &Running{Kind: web.Box, Log: slog.New(slog.DiscardHandler)}
		var hourly, failing, elsewhere atomic.Int32
		done := make(chan struct{})
		go func() {
			runJobs(ctx, r, []Job{
				{Name: "hourly", Every: time.Hour, Run: func(context.Context, *Running) error { hourly.Add(1); return nil }},
				{Name: "failing", Run: func(context.Context, *Running) error {
					if failing.Add(1) == 1 {
						panic("once")
					}
					return nil
				}},
				{Name: "elsewhere", At: []web.Kind{web.Office}, Run: func(context.Context, *Running) error { elsewhere.Add(1); return nil }},
			})
			close(done)
		}()
		<-time.After(90 * time.Minute)
		cancel()
		<-done
		if hourly.Load() != 2 || failing.Load() != 2 || elsewhere.Load() != 0 {
			t.Errorf("hourly ran %d times, failing %d, elsewhere %d; want 2, 2, 0", hourly.Load(), failing.Load(), elsewhere.Load())
		}
	})
}

func TestInitRefusesWithWords(t *testing.T) {
	cfg := Config{Data: filepath.Join(t.TempDir(), "box")}
	_, err := Init(t.Context(), cfg, nil, InitOptions{Kind: "kiosk", Head: "x", Secret: "azerty", Pack: "mars"})
	no := school.RefusalsIn(err)
	if len(no) < 4 || !errors.Is(err, &school.Refusal{Key: "init.refused.pack"}) {
		t.Fatalf("got %v", err)
	}
	for _, lang := range web.Languages {
		if text := Sentence(nil, lang, err); strings.Contains(text, ".refused.") {
			t.Errorf("a refusal has no words in %s: %s", lang, text)
		}
	}
	if _, err := os.Stat(cfg.Data); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused init left %s behind", cfg.Data)
	}
}

// TestInitTakesTheCountrysPack: a school counts by the pack it was made with, and
// has that country's periods.
func TestInitTakesTheCountrysPack(t *testing.T) {
	cfg := Config{Data: filepath.Join(t.TempDir(), "box")}
	o := InitOptions{Kind: web.Box, Name: "Lycée de Bamako", Code: "ML-1", Head: "proviseur", Secret: "marigot tranquille 7", Pack: "mali"}
	if _, err := Init(t.Context(), cfg, nil, o); err != nil {
		t.Fatal(err)
	}
	r, err := Open(cfg, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.DB.Close()
	if err := r.DB.View(func(tx *store.Tx) error {
		p, err := packs.Here(tx)
		if err != nil || p.About.Code != "mali" {
			t.Errorf("the pack that counts is %v, %v", p, err)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestNothingEmptyTakesThePlaceOfDamage: while a damaged file lies aside, no
// door opens the folder.
func TestNothingEmptyTakesThePlaceOfDamage(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, store.FileName), []byte("not a database"), 0o600); err != nil {
		t.Fatal(err)
	}
	damage := &store.DamagedError{Path: filepath.Join(dir, store.FileName), Err: errors.New("test")}
	if err := moveAside(damage, dir, day); err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "aside", "20261123T080000.000Z-preau.db"); damage.Aside != want {
		t.Errorf("set aside as %s, want %s", damage.Aside, want)
	}
	_, err := Open(Config{Data: dir}, nil, nil, nil)
	if got := (*store.DamagedError)(nil); !errors.As(err, &got) || got.Aside != damage.Aside {
		t.Errorf("Open gave %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err == nil {
		t.Error("a new database took the place of the damaged one")
	}
}
