package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestBenchSignin has everybody in a staff room press Enter in the same second,
// and then sixty pupils in a computer room, while a colleague who is in turns
// pages; then the same on a box that gets a quarter of this machine's processors.
func TestBenchSignin(t *testing.T) {
	bench(t, "signin")
	s := openStageWith(t, built(t))
	at := s.fullRoom(60)
	figures := append(s.rush("staff, here", 3000, s.staffAtTheDoor(60)), s.rush("pupils by PIN, here", 3000, s.pupilsAtTheDoor(at))...)
	if release, err := slowDown(s.procs["box"].Process.Pid); err != nil {
		fmt.Println("a slower box could not be emulated:", err)
	} else {
		figures = append(figures, s.rush("staff, a box four times slower", 5000, s.staffAtTheDoor(60))...)
		figures = append(figures, s.rush("pupils by PIN, a box four times slower", 5000, s.pupilsAtTheDoor(at))...)
		release()
	}
	report(t, figures)
}

// press is somebody who has typed all and now presses Enter: how long it took.
type press func() time.Duration

// staffAtTheDoor are the first n of the staff, each in front of the sign-in page.
func (s *stage) staffAtTheDoor(n int) (crowd []press) {
	s.t.Helper()
	for _, l := range s.logins {
		if l.Site == "box" && l.Role != "pupil" && len(crowd) < n {
			v := newVisitor(s.t, s.Box)
			form := v.form(l, "shared")
			crowd = append(crowd, func() time.Duration { return v.send("/signin", form) })
		}
	}
	return crowd
}

// fullRoom enters a class of n, prints its PINs and opens a room for it, as staff
// do; it returns the address where each pupil types the PIN, and the PINs.
func (s *stage) fullRoom(n int) map[string]string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "classe.csv")
	if err := os.WriteFile(file, manyPupils(n), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if out, err := exec.Command(s.bin, "import", "pupils", file, "--data", filepath.Join(s.dir, "box")).CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	head := s.enter("box", "head", 0)
	label := fmt.Sprintf("Tle D%d", n)
	class := path.Base(linkOf(s.t, head.Get("/people"), "/people/classes/", label))
	sheet := head.Get("/rooms/classes/"+class+"/pins").Submit("", map[string]any{"who": "all"})
	room := head.Get("/rooms").Submit("/rooms", map[string]any{"class": class, "hours": "10"})
	names := head.Get("/room/" + path.Base(room.URL.Path) + "/" + class)
	at := map[string]string{}
	for _, m := range regexp.MustCompile(`<a href="(/room/[^"]+/as/[^"]+)">([^<]+)</a>`).FindAllStringSubmatch(names.Body, -1) {
		pin := regexp.MustCompile(regexp.QuoteMeta(m[2]) + `(?s:.{0,300}?)class="pin">(\d{3}) (\d{3})`).FindStringSubmatch(sheet.Body)
		if pin == nil {
			s.t.Fatalf("no PIN for %s on %.2000s", m[2], sheet.Body)
		}
		at[m[1]] = pin[1] + pin[2]
	}
	if len(at) != n {
		s.t.Fatalf("%d pupils have a PIN, not %d", len(at), n)
	}
	return at
}

// pupilsAtTheDoor are the pupils of a room, each with the PIN typed.
func (s *stage) pupilsAtTheDoor(at map[string]string) (crowd []press) {
	s.t.Helper()
	for address, pin := range at {
		v := newVisitor(s.t, s.Box)
		body, _ := v.get(address, nil)
		m := tokenField.FindSubmatch(body)
		if m == nil {
			s.t.Fatalf("no form token on %s:\n%s", address, body)
		}
		crowd = append(crowd, func() time.Duration {
			return v.send(address, url.Values{"_token": {string(m[1])}, "pin": {pin}})
		})
	}
	return crowd
}

// rush has all of a crowd come in at once.
func (s *stage) rush(who string, goal float64, all []press) []figure {
	s.t.Helper()
	reader := newVisitor(s.t, s.Box)
	reader.send("/signin", reader.form(s.login("box", "head", 0), "shared"))
	done := make(chan struct{})
	var others []time.Duration
	var watch sync.WaitGroup
	watch.Go(func() {
		turn := time.NewTicker(20 * time.Millisecond)
		defer turn.Stop()
		for {
			select {
			case <-done:
				return
			case <-turn.C:
			}
			began := time.Now()
			if _, res := reader.get("/circulars", nil); res.StatusCode != http.StatusOK {
				s.t.Errorf("the colleague was answered %s", res.Status)
			}
			others = append(others, time.Since(began))
		}
	})
	took := make([]time.Duration, len(all))
	enter := make(chan struct{})
	var crowd sync.WaitGroup
	for i, one := range all {
		crowd.Go(func() {
			<-enter
			took[i] = one()
		})
	}
	close(enter)
	crowd.Wait()
	close(done)
	watch.Wait()
	slices.Sort(took)
	slices.Sort(others)
	at := func(list []time.Duration, share float64) float64 {
		return float64(list[min(len(list)-1, int(share*float64(len(list))))].Microseconds()) / 1000
	}
	last := at(took, 1)
	return []figure{
		{What: "last of " + strconv.Itoa(len(all)) + " in: " + who, N: len(all), Rate: last, Against: goal, Ratio: last / goal, P50: at(took, .5), P99: at(took, .99)},
		{What: "other pages meanwhile (p95): " + who, N: len(others), Rate: at(others, .95), Against: 50, Ratio: at(others, .95) / 50, P50: at(others, .5), P99: at(others, .99)},
	}
}

// slowDown leaves a process half of one processor, a quarter of two: it keeps it
// to one and has something else work there all the time.
func slowDown(pid int) (release func(), err error) {
	last := strconv.Itoa(runtime.NumCPU() - 1)
	if out, err := exec.Command("taskset", "-a", "-p", "-c", last, strconv.Itoa(pid)).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	busy := exec.Command("taskset", "-c", last, "sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = busy.Process.Kill()
		_ = busy.Wait()
		_ = exec.Command("taskset", "-a", "-p", "-c", "0-"+last, strconv.Itoa(pid)).Run()
	}, nil
}
