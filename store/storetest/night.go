package storetest

import (
	"encoding/json"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Total is how often a long test repeats: slice by day; total by night, times
// PREAU_NIGHT (1, or a share such as 0.1). PREAU_NIGHT_NAME, with the name in
// capitals and _ for spaces, sets the number itself.
func Total(name string, slice, total int) int {
	own := os.Getenv("PREAU_NIGHT_" + strings.ToUpper(strings.ReplaceAll(name, " ", "_")))
	if n, err := strconv.Atoi(own); err == nil {
		return n
	}
	share, err := strconv.ParseFloat(os.Getenv("PREAU_NIGHT"), 64)
	if err != nil || share <= 0 {
		return slice
	}
	return max(min(slice, total), int(share*float64(total)))
}

// Record logs a figure and, by night, appends it to the night's file
// (build/bench/night.json) as one object: what, n and what else is given.
func Record(t testing.TB, what string, n int, more map[string]any) {
	t.Helper()
	figure := map[string]any{"what": what, "n": n}
	maps.Copy(figure, more)
	line, err := json.Marshal(figure)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", line)
	path := os.Getenv("PREAU_BENCH_OUT")
	if path == "" || os.Getenv("PREAU_NIGHT") == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
