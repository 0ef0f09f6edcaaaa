package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNeighboursFindTheBox has avahi, in a network of the test's own, look for
// boxes that announce themselves: one, two of one name, one whose address
// changes, one that is killed, two that start together.
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
	if out, err := exec.Command("unshare", "-n", "-m", "ip", "link", "add", "lan", "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("this machine gives no network of one's own: %s", out)
	}
	preau := preauIn(t)
	dir := t.TempDir()
	for _, code := range []string{"LYC-0117", "LYC-0118"} {
		if out, err := preauWith(preau, "motdepasse-du-proviseur\n", "init", "--data", filepath.Join(dir, code), "--name", "Lycée de Tokoin", "--code", code, "--head", "proviseur"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	lan := exec.Command("unshare", "-n", "-m", "--fork", "--pid", "--kill-child", "bash", "testdata/lan.sh", filepath.Join(dir, "LYC-0117"), filepath.Join(dir, "LYC-0118"))
	lan.Env = append(os.Environ(), "PATH="+filepath.Dir(preau)+":"+os.Getenv("PATH"))
	var log strings.Builder
	lan.Stderr = &log
	out, err := lan.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, log.String())
	}
	for _, want := range []string{
		";lycee-de-tokoin;", ";lycee-de-tokoin.local;10.99.0.", ";8080;", `"path=/"`, `"site=LYC-0117"`, `"site=LYC-0118"`, `"version=`, `"key=`,
		"addresses: 10.99.0.2 10.99.0.77",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s\n%s", want, out, log.String())
		}
	}
	for _, secret := range []string{"proviseur", dir} {
		if strings.Contains(string(out), secret) {
			t.Errorf("the announcement tells %q:\n%s", secret, out)
		}
	}
}
