package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestBenchSignin has everybody in a staff room press Enter in the same second,
// while a colleague who is in turns pages; then the same on a box that gets a
// quarter of this machine's processors.
func TestBenchSignin(t *testing.T) {
	bench(t, "signin")
	s := openStageWith(t, built(t))
	figures := s.rush("here", 3000)
	if release, err := slowDown(s.procs["box"].Process.Pid); err != nil {
		fmt.Println("a slower box could not be emulated:", err)
	} else {
		figures = append(figures, s.rush("a box four times slower", 5000)...)
		release()
	}
	report(t, figures)
}

// rush signs all staff of the box in at once.
func (s *stage) rush(where string, goal float64) []figure {
	s.t.Helper()
	var staff []login
	for _, l := range s.logins {
		if l.Site == "box" && len(staff) < 60 {
			staff = append(staff, l)
		}
	}
	reader := newVisitor(s.t, s.Box)
	reader.send(reader.form(staff[0], "shared"))
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
	took := make([]time.Duration, len(staff))
	enter := make(chan struct{})
	var crowd sync.WaitGroup
	for i, who := range staff {
		v := newVisitor(s.t, s.Box)
		form := v.form(who, "shared")
		crowd.Go(func() {
			<-enter
			took[i] = v.send(form)
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
		{What: "last of " + strconv.Itoa(len(staff)) + " in, " + where, N: len(staff), Rate: last, Against: goal, Ratio: last / goal, P50: at(took, .5), P99: at(took, .99)},
		{What: "other pages meanwhile (p95), " + where, N: len(others), Rate: at(others, .95), Against: 50, Ratio: at(others, .95) / 50, P50: at(others, .5), P99: at(others, .99)},
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
