package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"preau/store"
	"preau/store/storetest"
)

// forms are what a writer submits: each bears the token of its form. The index is
// not unique, so that a form taken twice would show.
var forms = store.Define(store.Spec[note]{Name: "t.form", Home: store.Up, Indexes: []store.Index[note]{
	{Name: "token", Keys: func(n *note) [][]byte { return [][]byte{store.Key(n.Title)} }},
}, Blobs: spec("", store.Up).Blobs})

func token(w, n int) string { return fmt.Sprintf("%d/%d", w, n) }

// withdraws tells which earlier form the n-th one withdraws; below zero: none.
func withdraws(n int) int {
	if n%10 == 9 {
		return n - 5
	}
	return -1
}

// write is the process with PREAU_TEST_WRITER=DIR: so many writers at once submit
// one form after the other until somebody ends them. Each says "answered W N" once
// the store has answered; the next one to start goes on with the first form that
// was not answered, under the same token.
func write(dir string) {
	runtime.LockOSThread() // strace counts calls by thread
	db, err := store.Open(dir, store.Options{Collections: []store.Definition{forms}, Clock: storetest.NewClock(), Unsafe: os.Getenv("PREAU_TEST_UNSAFE") != ""})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(3)
	}
	fmt.Println("open")
	most, _ := strconv.Atoi(os.Getenv("PREAU_TEST_COUNT"))
	var others sync.WaitGroup
	for w, from := range strings.Split(os.Getenv("PREAU_TEST_FROM"), ",") {
		n, _ := strconv.Atoi(from)
		line := func() {
			for end := n + most; most == 0 || n < end; n++ {
				if err := submit(db, w, n); err != nil {
					fmt.Println("failed", w, n, err)
				} else {
					fmt.Println("answered", w, n)
				}
			}
		}
		if most > 0 {
			line() // a single one, on this thread
		} else {
			others.Go(line)
		}
	}
	others.Wait()
	fmt.Println("done")
}

// submit takes a form, unless it was taken: then the first answer holds.
func submit(db *store.DB, w, n int) error {
	sent := note{Title: token(w, n), Rank: n}
	if n%4 == 3 {
		text := strings.Repeat(sent.Title, 500*(1+n%5))
		h, size, err := db.PutBlob(strings.NewReader(text), 1<<20)
		if err != nil {
			return err
		}
		sent.File = store.Blob{Hash: h, Size: size, Name: "annexe.txt", Type: "text/plain"}
	}
	return db.Update(func(tx *store.Tx) error {
		if _, err := forms.One(tx, "token", sent.Title); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if old := withdraws(n); old >= 0 {
			was, err := forms.One(tx, "token", token(w, old))
			if err != nil {
				return err
			}
			if err := forms.Delete(tx, was.ID); err != nil {
				return err
			}
		}
		_, err := forms.Add(tx, sent)
		return err
	})
}

// answers are the forms that writers said were answered: of each writer how many,
// for each submits them in order.
type answers []int

// hear takes a line that a writer said; ok is false when it says something else.
func (a answers) hear(line string) (ok bool) {
	var w, n int
	if _, err := fmt.Sscanf(line, "answered %d %d", &w, &n); err != nil || w >= len(a) {
		return false
	}
	a[w] = n + 1
	return true
}

func (a answers) total() (n int) {
	for _, m := range a {
		n += m
	}
	return n
}

func (a answers) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(a)), " ", ","), "[]")
}

// missing says what is wrong with a folder after these answers: forms that are
// missing, there twice, withdrawn and there, or that nobody sent.
func (a answers) missing(dir string) (problems []string) {
	report, err := store.Check(dir)
	if err != nil {
		return []string{err.Error()}
	}
	for _, p := range report.Problems {
		problems = append(problems, fmt.Sprint(p))
	}
	db, err := store.Open(dir, store.Options{Collections: []store.Definition{forms}, Clock: storetest.NewClock()})
	if err != nil {
		return append(problems, err.Error())
	}
	defer db.Close()
	have := map[string]int{}
	if err := db.View(func(tx *store.Tx) error {
		for r, err := range forms.All(tx) {
			if err != nil {
				return err
			}
			have[r.Value.Title]++
		}
		return nil
	}); err != nil {
		problems = append(problems, err.Error())
	}
	for w, answered := range a {
		// One more may have been taken and not yet answered, never another.
		taken := answered + have[token(w, answered)]
		for n := range taken {
			want := 1
			if n%10 == 4 && n+5 < taken {
				want = 0
			}
			if have[token(w, n)] != want {
				problems = append(problems, fmt.Sprintf("form %s of %d answered is there %d times, not %d", token(w, n), answered, have[token(w, n)], want))
			}
			delete(have, token(w, n))
		}
	}
	for left := range have {
		problems = append(problems, "nobody sent "+left)
	}
	return problems
}

// lookAfter is the process with PREAU_TEST_LOOK=DIR: it says what is missing
// after the answers in PREAU_TEST_FROM. Damage may end it.
func lookAfter(dir string) {
	var a answers
	for _, n := range strings.Split(os.Getenv("PREAU_TEST_FROM"), ",") {
		m, _ := strconv.Atoi(n)
		a = append(a, m)
	}
	problems := a.missing(dir)
	for _, p := range problems {
		fmt.Println(p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// look asks a process of its own what is missing in a folder; "" for nothing.
func (a answers) look(t *testing.T, dir string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), quickTest(t))
	c.Env = append(os.Environ(), "PREAU_TEST_LOOK="+dir, "PREAU_TEST_FROM="+a.String())
	out, err := c.CombinedOutput()
	if err != nil && len(out) == 0 {
		return err.Error()
	}
	if err != nil {
		return string(bytes.TrimSpace(out))
	}
	return ""
}

// writer is the command that goes on after the answers; the words before it run
// it (strace).
func (a answers) writer(t *testing.T, dir string, before ...string) *exec.Cmd {
	t.Helper()
	args := append(before, quickTest(t))
	c := exec.CommandContext(t.Context(), args[0], args[1:]...)
	c.Env = append(os.Environ(), "PREAU_TEST_WRITER="+dir, "PREAU_TEST_FROM="+a.String())
	c.WaitDelay = time.Minute
	return c
}
