package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNeighboursFindTheBox has avahi, in a network of the test's own, look for a
// box that announces itself.
func TestNeighboursFindTheBox(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a network of one's own needs root")
	}
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	for _, tool := range []string{"unshare", "ip", "avahi-daemon", "avahi-browse", "dbus-daemon"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not here: make tools", tool)
		}
	}
	if out, err := exec.Command("unshare", "-n", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("this machine gives no network of one's own: %s", out)
	}
	dir := filepath.Join(t.TempDir(), "box")
	preau := preauIn(t)
	begin := exec.Command(preau, "init", "--data", dir, "--kind", "box", "--name", "Lycée de Tokoin", "--code", "LYC-0117", "--head", "proviseur")
	begin.Stdin = strings.NewReader("motdepasse-du-proviseur\n")
	if out, err := begin.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lan := exec.Command("unshare", "-n", "-m", "--fork", "--pid", "--kill-child", "bash", "testdata/lan.sh", dir)
	lan.Env = append(os.Environ(), "PATH="+filepath.Dir(preau)+":"+os.Getenv("PATH"))
	var log strings.Builder
	lan.Stderr = &log
	out, err := lan.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, log.String())
	}
	for _, want := range []string{
		";lycee-de-tokoin;", ";lycee-de-tokoin.local;10.99.0.", ";8080;", `"path=/"`, `"site=LYC-0117"`, `"version=`, `"key=`,
		"lycee-de-tokoin.local\t10.99.0.",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	for _, secret := range []string{"proviseur", dir} {
		if strings.Contains(string(out), secret) {
			t.Errorf("the announcement tells %q:\n%s", secret, out)
		}
	}
}

// preauIn is a path under which this test binary is the command preau.
func preauIn(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "preau")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}
