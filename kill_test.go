package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"preau/store/storetest"
)

// TestAKilledOfficeLosesAndDoublesNothing kills the program again and again while
// four clients write. What was under way is sent again with the same
// Idempotency-Key; in the end every circular that was answered is there, and each
// once. How soon the program is healthy again is noted.
func TestAKilledOfficeLosesAndDoublesNothing(t *testing.T) {
	kills, began := storetest.Total("kills", 300, 5000), time.Now()
	bin := preauIn(t)
	first := emptyStage(t, bin)
	port, err := portsInARow(3)
	if err != nil {
		t.Fatal(err)
	}
	first.start("demo", "demo", "--dir", first.dir, "--port", fmt.Sprint(port))
	first.stop("demo")
	var mu sync.Mutex
	var healthy []time.Duration
	answered, missing, doubled := 0, 0, 0
	t.Run("lanes", func(t *testing.T) {
		const lanes = 2
		for lane := range lanes {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				t.Parallel()
				for left := kills / lanes; left > 0 && !t.Failed(); left -= 200 {
					o := newVictim(t, bin, filepath.Join(first.dir, "office"), uint64(lane*1_000_000+left))
					for range min(left, 200) {
						o.untilKilled()
					}
					lost, twice := o.compare()
					mu.Lock()
					missing, doubled = missing+lost, doubled+twice
					healthy, answered = append(healthy, o.healthy...), answered+len(o.answered)
					mu.Unlock()
				}
			})
		}
	})
	if len(healthy) == 0 {
		return
	}
	slices.Sort(healthy)
	storetest.Record(t, "kills", len(healthy), map[string]any{
		"answered": answered, "missing": missing, "doubled": doubled, "seconds": time.Since(began).Seconds(),
		"healthy_p50_ms": healthy[len(healthy)/2].Milliseconds(), "healthy_max_ms": healthy[len(healthy)-1].Milliseconds(),
	})
}

// victim is an office that is killed, and what its clients know.
type victim struct {
	t             *testing.T
	bin, dir      string
	url           string
	token, school string
	rand          *rand.Rand
	pending       [4]string // the key under way, by client
	next          int
	mu            sync.Mutex
	answered      map[string]string // key → id
	healthy       []time.Duration
	client        *http.Client
}

func newVictim(t *testing.T, bin, from string, seed uint64) *victim {
	t.Helper()
	v := &victim{t: t, bin: bin, dir: filepath.Join(t.TempDir(), "office"), rand: rand.New(rand.NewPCG(seed, 1)), answered: map[string]string{}}
	v.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", from, v.dir).CombinedOutput(); err != nil { // keys stay private
		t.Fatalf("%v\n%s", err, out)
	}
	var demo struct {
		Schools []struct{ Code string }
		Logins  []login
	}
	b, err := os.ReadFile(filepath.Join(filepath.Dir(from), "demo.json"))
	if err == nil {
		err = json.Unmarshal(b, &demo)
	}
	if err != nil {
		t.Fatal(err)
	}
	v.school = demo.Schools[0].Code
	for _, l := range demo.Logins {
		if l.Site == "office" && l.Role == "publisher" && v.token == "" {
			out, err := exec.CommandContext(t.Context(), bin, "token", "--login", l.Login, "--data", v.dir).Output()
			if err != nil {
				t.Fatal(err)
			}
			v.token = strings.TrimSpace(string(out))
		}
	}
	return v
}

// untilKilled starts the office, has the clients write, and kills it after some
// answers.
func (v *victim) untilKilled() {
	v.t.Helper()
	port, err := portsInARow(2)
	if err != nil {
		v.t.Fatal(err)
	}
	v.url = fmt.Sprintf("http://127.0.0.1:%d", port)
	c := exec.CommandContext(v.t.Context(), v.bin, "ministry", "--data", v.dir, "--listen", v.url[len("http://"):], "--exchange", fmt.Sprintf("127.0.0.1:%d", port+1))
	log := &bytes.Buffer{}
	c.Stderr = log
	out, err := c.StdoutPipe()
	if err != nil {
		v.t.Fatal(err)
	}
	start := time.Now()
	if err := c.Start(); err != nil {
		v.t.Fatal(err)
	}
	if said, err := untilReady(out); err != nil {
		_ = c.Wait()
		v.t.Fatalf("the office does not start again: %s\n%s", said, log)
	}
	if status, body := v.ask("GET", "/healthz", "", ""); status != 200 {
		v.t.Errorf("healthz: %d %s", status, body)
	}
	v.healthy = append(v.healthy, time.Since(start))
	v.again()
	var clients sync.WaitGroup
	left := make(chan bool, 64)
	for range 1 + v.rand.IntN(8) {
		left <- true
	}
	var once sync.Once
	for client := range v.pending {
		clients.Go(func() {
			for v.write(client) {
				select {
				case <-left:
				default:
					once.Do(func() { _ = c.Process.Kill() })
				}
			}
		})
	}
	clients.Wait()
	_ = c.Process.Kill()
	_ = c.Wait()
	v.client.CloseIdleConnections()
}

// write sends the circular under way, or the next one; false when the office is gone.
func (v *victim) write(client int) bool {
	v.mu.Lock()
	if v.pending[client] == "" {
		v.next++
		v.pending[client] = fmt.Sprint("key ", v.next)
	}
	key := v.pending[client]
	v.mu.Unlock()
	status, body := v.post(key)
	if status == 0 {
		return false
	}
	var made struct{ ID string }
	if err := json.Unmarshal(body, &made); err != nil || status != http.StatusCreated || made.ID == "" {
		v.t.Errorf("%s: %d %s", key, status, body)
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answered[key], v.pending[client] = made.ID, ""
	return true
}

// again sends a circular that was answered once more: the first answer stands.
func (v *victim) again() {
	for key, id := range v.answered {
		if status, body := v.post(key); status != http.StatusCreated || !bytes.Contains(body, []byte(id)) {
			v.t.Errorf("%s again: %d %s, first it was %s", key, status, body, id)
		}
		return
	}
}

func (v *victim) post(key string) (status int, body []byte) {
	text, err := json.Marshal(map[string]any{"reference": "n° " + key, "subject": key, "body": "Texte.", "urgency": "normal", "deadline": "2027-01-15", "audience": map[string]any{"schools": []string{v.school}}})
	if err != nil {
		v.t.Fatal(err)
	}
	return v.ask("POST", "/api/v1/circulars", key, string(text))
}

// ask gives status 0 when no answer came.
func (v *victim) ask(method, path, key, body string) (int, []byte) {
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Error(err)
		return 0, nil
	}
	req.Header.Set("Authorization", "Bearer "+v.token)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := v.client.Do(req)
	if err != nil {
		return 0, nil
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil // cut off in the answer
	}
	return res.StatusCode, b
}

// compare lists what the office holds: all that was answered, nothing twice.
func (v *victim) compare() (missing, doubled int) {
	v.t.Helper()
	o := emptyStage(v.t, v.bin)
	o.start("office", "ministry", "--data", v.dir, "--listen", v.url[len("http://"):], "--exchange", "127.0.0.1:0")
	defer o.stop("office")
	ids, times := map[string]string{}, map[string]int{}
	for after := ""; ; {
		var page struct {
			Items []struct{ ID, Subject string }
			Next  string
		}
		status, body := v.ask("GET", "/api/v1/circulars?limit=500&after="+after, "", "")
		if err := json.Unmarshal(body, &page); err != nil || status != 200 {
			v.t.Fatalf("%d %s", status, body)
		}
		for _, i := range page.Items {
			ids[i.Subject] = i.ID
			times[i.Subject]++
		}
		if after = page.Next; after == "" {
			break
		}
	}
	for key, id := range v.answered {
		if ids[key] != id {
			missing++
			v.t.Errorf("%s was answered with %s and is %q", key, id, ids[key])
		}
	}
	for subject, n := range times {
		if n > 1 && strings.HasPrefix(subject, "key ") {
			doubled++
			v.t.Errorf("%s is there %d times", subject, n)
		}
	}
	return missing, doubled
}
