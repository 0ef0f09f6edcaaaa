package marks_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"preau/appliance"
	"preau/assets"
	"preau/modules/marks"
	"preau/school"
	"preau/web"
)

// working runs the module's jobs on the site, as its server would.
func (l *lycee) working(t *testing.T) {
	t.Helper()
	words, err := web.LoadWords(assets.Words, school.Words, marks.Module().Files)
	if err != nil {
		t.Fatal(err)
	}
	r := &appliance.Running{DB: l.DB, Kind: web.Box, Words: words, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, j := range marks.Module().Jobs {
			changed, end := l.DB.Watch(j.Watch...)
			defer end()
			for {
				if err := j.Run(ctx, r); err != nil {
					t.Error(err)
				}
				select {
				case <-ctx.Done():
					return
				case <-changed:
				}
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
}

func TestASchoolsBulletinsInOneFile(t *testing.T) {
	l := newLycee(t, 3)
	head := l.As(school.Head)
	if p := head.Get("/marks/bulletins?period=1"); p.Has("dans un fichier") {
		t.Errorf("a file without bulletins is offered:\n%s", p)
	}
	fillAll(t, l, map[string][]string{"interro": {"12", "8", "15"}, "devoir": {"11", "9", "16"}, "composition": {"13", "7", "14"}})
	issue := l.classPath("bulletins") + "/issue?period=1"
	if p := head.Get(issue).Submit(issue, nil); !p.Has("3 bulletins sont émis.") {
		t.Fatalf("%s", p)
	}
	at := "/marks/bulletins?period=1"
	// Nobody works yet: it waits, and can be stopped.
	p := head.Get(at).Submit(at, nil)
	if !p.Has("Arrêter") || p.Header.Get("Refresh") == "" {
		t.Fatalf("while it works the page says\n%s", p)
	}
	if p = p.Submit(at, nil); !p.Has("L’impression est arrêtée.") {
		t.Errorf("stopping is answered with\n%s", p)
	}
	l.working(t)
	p = head.Get(at).Submit(at, nil)
	for end := time.After(30 * time.Second); !p.Has("Prendre le fichier : 3 bulletins"); p = head.Get(at) {
		select {
		case <-end:
			t.Fatalf("no file after 30 s:\n%s", p)
		default:
		}
	}
	i := strings.Index(p.Body, "/marks/presses/")
	link := p.Body[i:]
	link = link[:strings.Index(link, `"`)]
	text := pdfText(t, head, link)
	for _, name := range l.names {
		if !strings.Contains(text, name) {
			t.Errorf("the file lacks %s", name)
		}
	}
	if !strings.Contains(text, "AGBODJAN Kodjo") {
		t.Error("the file does not say who printed it")
	}
	if p := l.As(school.Deputy).Get(link); p.Status != 404 {
		t.Errorf("somebody else's file: %s", p)
	}
}
