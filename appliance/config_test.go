package appliance

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestExampleIsWholeAndHoldsTheDefaults(t *testing.T) {
	example, err := LoadConfig("../config.example.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := LoadConfig("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(example, plain) {
		t.Errorf("the example says %+v, the defaults are %+v", example, plain)
	}
	text, err := os.ReadFile("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for key := range defaults {
		named = append(named, key)
		if last := key[strings.LastIndex(key, ".")+1:]; !strings.Contains(string(text), last+":") {
			t.Errorf("the example does not mention %s", key)
		}
	}
	fields := configKeys(reflect.TypeFor[Config](), "")
	slices.Sort(named)
	slices.Sort(fields)
	if !slices.Equal(named, fields) {
		t.Errorf("defaults name %v, Config has %v", named, fields)
	}
}

func TestConfigRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, c := range []struct{ name, file, env, want string }{
		{"misspelt key", "ofice:\n  address: x:1\n", "", "did you mean office.address?"},
		{"misspelt leaf", "site:\n  slugg: x\n", "", "did you mean site.slug?"},
		{"misspelt variable", "", "PREAU_OFFICE_ADRESS=x:1", "did you mean PREAU_OFFICE_ADDRESS?"},
		{"level", "log:\n  level: loud\n", "", "log.level"},
		{"format", "log:\n  format: xml\n", "", "log.format"},
		{"sessions", "exchange:\n  sessions: 0\n", "", "exchange.sessions"},
		{"lane", "lanes:\n  urgent:\n    day_mib: 1\n", "", "unknown key lanes.urgent.day_mib"},
		{"window", "lanes:\n  bulk:\n    windows: [\"21h-5h\"]\n", "", "say HH:MM-HH:MM"},
		{"negative bytes", "lanes:\n  bulk:\n    day_mib: -1\n", "", "lanes.bulk.day_mib is -1"},
		{"a day above its month", "lanes:\n  bulk:\n    day_mib: 9\n    month_mib: 8\n", "", "more than lanes.bulk.month_mib"},
		{"wrong type", "exchange:\n  sessions: many\n", "", "sessions"},
		{"address without port", "listen: \"8080\"\n", "", "listen"},
		{"slug", "site:\n  slug: \"Lycée\"\n", "", "site.slug"},
		{"not YAML", "data: [", "", "configuration"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := ""
			if c.file != "" {
				file = filepath.Join(t.TempDir(), "config.yaml")
				if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var env []string
			if c.env != "" {
				env = []string{c.env}
			}
			_, err := LoadConfig(file, env)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a sentence with %q", err, c.want)
			}
		})
	}
}

func TestEnvironmentWinsOverTheFileAndFlagsOverBoth(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("office:\n  address: file:1\nlisten: :81\ncopies:\n  every: 2h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PREAU_OFFICE_ADDRESS", "env:2")
	t.Setenv("PREAU_SITE_HOSTS", "a.example,b.example")
	c, err := LoadConfig(file, os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithFlags(map[string]string{"listen": "127.0.0.1:0"})
	if c.Office.Address != "env:2" || c.Listen != "127.0.0.1:0" || c.Copies.Every != 2*time.Hour ||
		!slices.Equal(c.Site.Hosts, []string{"a.example", "b.example"}) {
		t.Errorf("got %+v", c)
	}
}
