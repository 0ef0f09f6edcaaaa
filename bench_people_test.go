package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestBenchPeople measures a roster of 20,000: reading its list, finding people by
// name and by matricule, right after somebody changed too, and a class of 120.
func TestBenchPeople(t *testing.T) {
	bench(t, "people")
	s := emptyStage(t, built(t))
	port, err := portsInARow(1)
	if err != nil {
		t.Fatal(err)
	}
	s.Box = "http://127.0.0.1:" + strconv.Itoa(port)
	dir := filepath.Join(s.dir, "box")
	run := func(stdin string, args ...string) []byte {
		t.Helper()
		c := exec.Command(s.bin, args...)
		c.Stdin, c.Stderr = strings.NewReader(stdin), os.Stderr
		out, err := c.Output()
		if err != nil {
			t.Fatalf("preau %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	const secret = "un-long-mot-de-passe"
	run(secret, "init", "--data", dir, "--name", "Lycée", "--code", "LYC-1", "--head", "proviseur")
	var figures []figure
	for _, n := range []int{1000, 19_000} { // a list holds 20,000 rows at most
		file := filepath.Join(s.dir, fmt.Sprintf("liste%d.csv", n))
		if err := os.WriteFile(file, manyPupils(n), 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		run("", "import", "pupils", file, "--data", dir, "--json")
		took := ms(time.Since(began))
		if n == 1000 {
			figures = append(figures, figure{What: "a list of 1,000 pupils read and kept", N: 1, Rate: took, Against: 3000, Ratio: took / 3000})
		}
	}
	s.startBox()
	head := newVisitor(t, s.Box)
	head.send("/signin", head.form(login{Login: "proviseur", Secret: secret}, "own"))
	measure := func(what, path string, n int, against float64) {
		t.Helper()
		var took []time.Duration
		size := 0
		for i := range n {
			began := time.Now()
			body, res := head.get(strings.ReplaceAll(path, "%d", strconv.Itoa(i)), nil)
			took = append(took, time.Since(began))
			if res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", path, res.Status)
			}
			size = max(size, len(body))
		}
		slices.Sort(took)
		p50, p99 := ms(took[len(took)/2]), ms(took[min(len(took)-1, len(took)*99/100)])
		figures = append(figures, figure{What: what, N: n, Rate: p50, Against: against, Ratio: p50 / against, P50: p50, P99: p99, Bytes: int64(size)})
	}
	measure("the first search after the start", "/people?q=koffi", 1, 20)
	measure("by two parts of a name", "/people?q=afi+agb", 200, 20)
	measure("by one common part", "/people?q=a", 200, 20)
	measure("by a matricule", "/people?q=90%d", 200, 20)
	measure("by nothing that is there", "/people?q=zzzz%d", 200, 20)
	page, _ := head.get("/people", nil)
	class := regexp.MustCompile(`/people/classes/[0-9a-z]+`).FindString(string(page))
	measure("a class of 120", class, 200, 20)
	report(t, figures)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// manyPupils is a list of n invented pupils, 120 to a class.
func manyPupils(n int) []byte {
	surnames := []string{"AGBODJAN", "KOFFI", "N'GBÉNDÉ", "TCHALLA", "DE SOUZA", "ESSO-WAVANA", "LAWSON", "AMÉGAN", "OURO-AKPO", "ƉOGBE"}
	given := []string{"Afi", "Kossi", "Mawuéna", "Yao", "Essossinam", "Akouvi", "Komlan", "Abla"}
	var b bytes.Buffer
	b.WriteString("Matricule;Nom;Prénoms;Sexe;Date de naissance;Lieu de naissance;Classe;Série\n")
	for i := range n {
		fmt.Fprintf(&b, "%d%05d;%s;%s %s;%s;%02d/%02d/%d;%s;Tle D%d;D\n", n/1000, i, surnames[i%10], given[i%8], given[(i/8)%8], []string{"F", "M"}[i%2], 1+i%28, 1+i%12, 2005+i%6, []string{"Lomé", "Kpalimé", "Aného", "Atakpamé", "Dapaong"}[i%5], n+i/120)
	}
	return b.Bytes()
}
