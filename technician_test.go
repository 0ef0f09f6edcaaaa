package main

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"preau/web/webtest"
)

// TestTechnicianInTheBrowser: the state of the machine on one printed sheet, the
// step that does not work named in words, the power cut counted, and a log of all
// that which names nobody.
func TestTechnicianInTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("the browser takes a minute; not with -short")
	}
	t.Setenv("PREAU_LANES_BULK_WINDOWS", "21:00-05:30,12:00-13:00")
	t.Setenv("PREAU_LANES_BULK_MONTH_MIB", "20")
	t.Setenv("PREAU_LANES_RECORDS_DAY_MIB", "1")
	t.Setenv("PREAU_STICK_PATH", t.TempDir()) // where no disk is mounted
	browser := webtest.OpenBrowser(t)
	s := openStage(t)
	p := &playing{t: t, s: s, b: browser}
	tab := p.enterAt(s.Box, s.login("box", "technician", 0), 1366)
	p.until(tab, "/status", "ouvert")
	p.see(tab, "technician-status", "Sauvegarde sur le disque USB", "aucun disque n’est branché", "Mémoire", "Versions", "aucune en 30 jours", "Dernier arrêt en ordre")
	p.follow(tab, "Pourquoi cela ne marche")
	p.see(tab, "technician-why", "pas à pas")
	tab.Press(`main form[action="/status/why"] button`)
	p.until(tab, "/status/why", "Tout marche")
	p.see(tab, "technician-why-works", "Les clés s’accordent", "Le ministère a salué")

	tab.Open("/status")
	p.follow(tab, "voie par voie")
	p.see(tab, "technician-lanes", "Urgent", "Gros fichiers", "ouverte de 21 h 00 à 5 h 30, de 12 h 00 à 13 h 00", "sur 21 Mo", "connecté · clés reconnues · salut rendu")

	s.stop("office")
	s.kill("box")
	s.startBox()
	tab.Width(360)
	tab.Open("/status")
	p.see(tab, "technician-status-360", "1 en 30 jours", "Le courant est parti")
	if sheet := tab.Print("technician-status"); pages(t, sheet) > 1 {
		t.Errorf("the state of the machine takes %d sheets", pages(t, sheet))
	}
	tab.Open("/status/why")
	tab.Press(`main form[action="/status/why"] button`)
	p.until(tab, "/status/why", "Cela s’arrête")
	p.see(tab, "technician-why-360", "Cela s’arrête à l’étape « La connexion est établie »", "prévenez le ministère", "pas essayé")
	tab.Open("/status/exchange")
	p.see(tab, "technician-lanes-360", "Ce que le lien coûte", "le ministère ne répond pas")
	if sheet := tab.Print("technician-lanes"); pages(t, sheet) > 2 {
		t.Errorf("the lanes take %d sheets", pages(t, sheet))
	}
	tab.Open("/status/log")
	p.see(tab, "technician-log-360", "last stop was not clean", "diagnosis", "signed in")
	said := tab.Text()
	own, _, _ := strings.Cut(s.login("box", "technician", 0).Name, " ")
	for _, l := range s.logins {
		surname, _, _ := strings.Cut(l.Name, " ")
		if surname == own { // stands in the roof
			continue
		}
		if l.Login != "" && strings.Contains(said, l.Login) || strings.Contains(said, surname) {
			t.Errorf("the log names %s", l.Name)
		}
	}
	tab.Width(1366)
	tab.Open("/status/log")
	p.see(tab, "technician-log")

	// A version that an earlier state of the card displaced comes back to the head.
	s.stop("box")
	putAside(t, s.dir, "circulars.receipts")
	s.startBox()
	head := p.enterAt(s.Box, s.login("box", "head", 0), 1366)
	p.follow(head, "version mise de côté")
	p.see(head, "displaced", "mise de côté", "en place", "Accusé de lecture d’une circulaire")
	head.Width(360)
	head.Open("/displaced")
	p.see(head, "displaced-360", "Laisser celle qui est en place")
	head.Press(`main form[action$="/take"] button`)
	p.see(head, "displaced-taken", "est de nouveau en place", "Rien n’est à regarder")
}

// pages counts the sheets of a PDF, one where nothing here can tell.
func pages(t *testing.T, path string) int {
	t.Helper()
	out, err := exec.Command("pdfinfo", path).Output()
	if err != nil {
		t.Log("sheets are not counted: pdfinfo is not here (make tools)")
		return 1
	}
	for line := range strings.Lines(string(out)) {
		if n, ok := strings.CutPrefix(line, "Pages:"); ok {
			count, err := strconv.Atoi(strings.TrimSpace(n))
			if err != nil {
				t.Fatal(err)
			}
			return count
		}
	}
	return 0
}
