package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"preau/web/webtest"
)

// TestFullDisk fills the disk of both sites under an upload, under commits and
// under an exchange: each time people are told in a sentence and keep what they
// typed, reading goes on, and all goes on by itself when there is room again.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	s := openStageIn(t, preauIn(t), disk)
	publisher, head := s.enter("office", "publisher", 0), s.enter("box", "head", 0)
	draft := func(subject string, annex int) *webtest.Page {
		values := map[string]any{"reference": "n° 500/MEN", "subject": subject, "body": "Texte.", "everyone": "1", "save": "1"}
		if annex > 0 {
			values["annexes"] = []webtest.File{{Name: "gros.bin", Data: []byte(strings.Repeat("\x00\x01", annex/2))}}
		}
		return publisher.Get("/circulars/new").Submit("/circulars/new", values)
	}
	refused := func(p *webtest.Page, subject string) {
		t.Helper()
		if kept, _ := p.Field("subject"); p.Status != http.StatusInsufficientStorage || !p.Has("disque est plein") || kept != subject {
			t.Errorf("%.700s\nsubject %q", p, kept)
		}
	}
	readable := func() {
		t.Helper()
		for _, p := range []*webtest.Page{publisher.Get("/circulars"), head.Get("/circulars"), head.Get("/"), webtest.Visit(t, s.Box).Get("/healthz"), webtest.Visit(t, s.Office).Get("/healthz")} {
			if p.Status != http.StatusOK {
				t.Errorf("reading: %.300s", p)
			}
		}
	}

	t.Run("upload", func(t *testing.T) {
		free := fill(t, disk, 1<<20)
		refused(draft("Une annexe de trop", 8<<20), "Une annexe de trop")
		readable()
		if publisher.Get("/circulars").Has("Une annexe de trop") {
			t.Error("half of it is there")
		}
		free()
		if p := draft("Une annexe de trop", 2<<20); p.Status != http.StatusOK || !publisher.Get("/circulars").Has("Une annexe de trop") {
			t.Errorf("with room again: %.500s", p)
		}
	})
	t.Run("commit", func(t *testing.T) {
		free := fill(t, disk, 0)
		saved, last := 0, ""
		for n := range 500 {
			last = fmt.Sprintf("Projet %03d", n)
			p := draft(last, 0)
			if p.Status != http.StatusOK {
				refused(p, last)
				break
			}
			saved++
		}
		if saved == 500 {
			t.Fatal("the disk does not get full")
		}
		readable()
		list := publisher.Get("/circulars")
		if saved > 0 && !list.Has(fmt.Sprintf("Projet %03d", saved-1)) || list.Has(last) {
			t.Errorf("%d were answered as saved: %.600s", saved, list)
		}
		free()
		if p := draft(last, 0); p.Status != http.StatusOK || !publisher.Get("/circulars").Has(last) {
			t.Errorf("with room again: %.500s", p)
		}
	})
	t.Run("exchange", func(t *testing.T) {
		s.stop("box")
		pen, sign := s.token("office", "publisher"), s.token("office", "signatory")
		status, answer := s.post("office", pen, "/circulars", fmt.Sprintf(`{"reference":"n° 600/MEN","subject":"Trop pour la carte","body":%q,"urgency":"normal","audience":{"everyone":true}}`, strings.Repeat("Un long texte. ", 4_000)))
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
		if status, answer = s.post("office", sign, "/circulars/"+field(answer, "id")+"/sign", "{}"); status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		for n := range 40 {
			status, answer := s.post("office", pen, "/circulars", fmt.Sprintf(`{"reference":"n° %d/MEN","subject":"Suite %d","body":%q,"urgency":"normal","audience":{"everyone":true}}`, 601+n, n, strings.Repeat("Un long texte. ", 4_000)))
			if status != http.StatusCreated {
				t.Fatalf("%d %s", status, answer)
			}
			if status, answer = s.post("office", sign, "/circulars/"+field(answer, "id")+"/sign", "{}"); status != http.StatusOK {
				t.Fatalf("%d %s", status, answer)
			}
		}
		free := fill(t, disk, 0)
		s.startBox()
		readable() // to who came in before: a new session would need room
		waitUntil(t, "the box says that it has no room for what comes", func() bool {
			return strings.Contains(s.logs["box"].String(), "disk full")
		})
		readable()
		free()
		waitUntil(t, "all arrives", func() bool {
			p := head.Get("/circulars")
			return p.Has("Suite 39") && head.Get("/circulars?q=carte").Has("Trop pour la carte")
		})
	})
}

// fill takes all of a disk but so many bytes; free gives it back.
func fill(t *testing.T, disk string, left int64) (free func()) {
	t.Helper()
	path := filepath.Join(disk, "fill")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var size int64
	for block := make([]byte, 64<<10); ; {
		n, err := f.Write(block)
		size += int64(n)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(max(0, size-left)); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}
