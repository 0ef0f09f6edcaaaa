package appliance

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/viper"

	boxsync "preau/sync"
)

// Config is everything that can be set, in a file, by the environment
// (PREAU_OFFICE_ADDRESS for office.address) or by the command's flags, the
// latter winning. config.example.yaml says what each key means.
type Config struct {
	Data     string         `mapstructure:"data"`
	Listen   string         `mapstructure:"listen"`
	Site     SiteConfig     `mapstructure:"site"`
	Office   OfficeConfig   `mapstructure:"office"`
	Exchange ExchangeConfig `mapstructure:"exchange"`
	Lanes    LanesConfig    `mapstructure:"lanes"`
	HTTPS    HTTPSConfig    `mapstructure:"https"`
	MDNS     MDNSConfig     `mapstructure:"mdns"`
	Log      LogConfig      `mapstructure:"log"`
	Disk     DiskConfig     `mapstructure:"disk"`
	Copies   CopiesConfig   `mapstructure:"copies"`
	Stick    StickConfig    `mapstructure:"stick"`
	Seal     SealConfig     `mapstructure:"seal"`
	Escrow   EscrowConfig   `mapstructure:"escrow"`
	Metrics  MetricsConfig  `mapstructure:"metrics"`
}

// SiteConfig says under which names the site answers.
type SiteConfig struct {
	Slug  string   `mapstructure:"slug"`
	Hosts []string `mapstructure:"hosts"`
}

// OfficeConfig says where a box calls.
type OfficeConfig struct {
	Address string `mapstructure:"address"`
}

// ExchangeConfig says where an office is called.
type ExchangeConfig struct {
	Listen   string `mapstructure:"listen"`
	Sessions int    `mapstructure:"sessions"`
}

// HTTPSConfig rules HTTPS on the LAN, beside the pages.
type HTTPSConfig struct {
	Listen string `mapstructure:"listen"`
	HSTS   bool   `mapstructure:"hsts"`
}

// MDNSConfig rules the announcement on the LAN.
type MDNSConfig struct {
	Enabled bool `mapstructure:"enabled"`
}

// LogConfig rules the log on standard error.
type LogConfig struct {
	Level  string `mapstructure:"level"`
	Format string `mapstructure:"format"`
}

// DiskConfig says when the disk is called nearly full.
type DiskConfig struct {
	LowMiB int64 `mapstructure:"low_mib"`
}

// CopiesConfig rules the verified copies in DIR/copies.
type CopiesConfig struct {
	Every time.Duration `mapstructure:"every"`
}

// SealConfig rules what a box seals for safe keeping at its office.
type SealConfig struct {
	Every time.Duration `mapstructure:"every"`
}

// EscrowConfig names, at an office, the age recipients that can open what boxes
// seal when a school has lost its recovery key: none, or two at least.
type EscrowConfig struct {
	Recipients []string `mapstructure:"recipients"`
}

// StickConfig says where a USB stick or disk of this machine is mounted.
type StickConfig struct {
	Path string `mapstructure:"path"`
}

// MetricsConfig rules who else than this machine reads /metrics.
type MetricsConfig struct {
	Token string `mapstructure:"token"`
}

var defaults = withLanes(map[string]any{
	"data": "preau-data", "listen": ":8080", "site.slug": "", "site.hosts": []string{}, "office.address": "",
	"exchange.listen": ":7443", "exchange.sessions": 2000, "https.listen": httpsAuto, "https.hsts": false, "mdns.enabled": true, "log.level": "info", "log.format": "text",
	"disk.low_mib": 200, "copies.every": "24h", "metrics.token": "", "stick.path": "",
	"seal.every": "1h", "escrow.recipients": []string{},
})

func withLanes(defaults map[string]any) map[string]any {
	for _, lane := range boxsync.LimitedLanes {
		name := "lanes." + boxsync.LaneName(lane)
		defaults[name+".windows"], defaults[name+".day_mib"], defaults[name+".month_mib"] = []string{}, 0, 0
	}
	return defaults
}

// LoadConfig reads a file ("" none) and the environment over the defaults. An
// unknown key, in either, is an error that names the nearest known one.
func LoadConfig(file string, environ []string) (Config, error) {
	v := viper.New()
	v.SetEnvPrefix("PREAU")
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	for key, value := range defaults {
		v.SetDefault(key, value)
		if err := v.BindEnv(key); err != nil {
			return Config{}, fmt.Errorf("configuration: %w", err)
		}
	}
	if err := checkEnviron(environ); err != nil {
		return Config{}, err
	}
	if file != "" {
		v.SetConfigFile(file)
		if err := v.ReadInConfig(); err != nil {
			return Config{}, fmt.Errorf("configuration: %w", err)
		}
	}
	for _, key := range v.AllKeys() {
		if _, known := defaults[key]; !known {
			return Config{}, unknownKey(key, file, keys())
		}
	}
	var c Config
	if err := v.UnmarshalExact(&c); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return c, c.check()
}

func (c Config) check() error {
	var no []error
	if !map[string]bool{"debug": true, "info": true, "warn": true, "error": true}[c.Log.Level] {
		no = append(no, fmt.Errorf("configuration: log.level is %q; say debug, info, warn or error", c.Log.Level))
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		no = append(no, fmt.Errorf("configuration: log.format is %q; say text or json", c.Log.Format))
	}
	for key, addr := range map[string]string{"listen": c.Listen, "exchange.listen": c.Exchange.Listen, "office.address": c.Office.Address} {
		if _, _, err := net.SplitHostPort(addr); err != nil && addr != "" {
			no = append(no, fmt.Errorf("configuration: %s is %q; say HOST:PORT", key, addr))
		}
	}
	if _, _, err := net.SplitHostPort(c.HTTPS.Listen); err != nil && c.HTTPS.Listen != "" && c.HTTPS.Listen != httpsAuto {
		no = append(no, fmt.Errorf("configuration: https.listen is %q; say HOST:PORT, auto, or nothing", c.HTTPS.Listen))
	}
	if c.Site.Slug != "" && Slug(c.Site.Slug) != c.Site.Slug {
		no = append(no, fmt.Errorf("configuration: site.slug is %q; say small letters, digits and hyphens, as %q", c.Site.Slug, Slug(c.Site.Slug)))
	}
	if c.Copies.Every < time.Minute {
		no = append(no, errors.New("configuration: copies.every must be a minute or more"))
	}
	if c.Data == "" {
		no = append(no, errors.New("configuration: data names no folder"))
	}
	if c.Seal.Every < time.Minute {
		no = append(no, errors.New("configuration: seal.every must be a minute or more"))
	}
	if len(c.Escrow.Recipients) == 1 {
		no = append(no, errors.New("configuration: escrow.recipients names one key; one escrow key is none: name two at least"))
	}
	_, bad := c.Lanes.Budget()
	no = append(no, bad...)
	if c.Exchange.Sessions < 1 {
		no = append(no, errors.New("configuration: exchange.sessions must be 1 or more"))
	}
	return errors.Join(no...)
}

// checkEnviron refuses PREAU_… variables that set nothing.
func checkEnviron(environ []string) error {
	names := map[string]bool{}
	var all []string
	for key := range defaults {
		name := "PREAU_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
		names[name], all = true, append(all, name)
	}
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, "PREAU_") && !names[name] && !testVariable[name] && !strings.HasPrefix(name, "PREAU_NIGHT_") {
			return unknownKey(name, "the environment", all)
		}
	}
	return nil
}

// testVariable are read by tests and make, not by a site.
var testVariable = map[string]bool{
	"PREAU_NIGHT": true, "PREAU_RACED": true, "PREAU_TEST_MAIN": true, "PREAU_SEEDS": true, "PREAU_SHOTS": true, "PREAU_BENCH": true, "PREAU_BENCH_OUT": true,
}

func keys() (all []string) {
	for k := range defaults {
		all = append(all, k)
	}
	return all
}

func unknownKey(key, where string, known []string) error {
	best, score := "", 1<<30
	for _, k := range known {
		if d := levenshtein.ComputeDistance(key, k); d < score || d == score && k < best {
			best, score = k, d
		}
	}
	return fmt.Errorf("configuration: %s has the unknown key %s; did you mean %s?", where, key, best)
}

// WithFlags lays the values of flags that were given over c, by key.
func (c Config) WithFlags(given map[string]string) Config {
	for key, value := range given {
		switch key {
		case "data":
			c.Data = value
		case "listen":
			c.Listen = value
		case "exchange.listen":
			c.Exchange.Listen = value
		case "office.address":
			c.Office.Address = value
		}
	}
	return c
}

// configKeys are the keys that a Config has fields for: the defaults must name the same.
func configKeys(t reflect.Type, prefix string) (all []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("mapstructure")
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Duration]() {
			all = append(all, configKeys(f.Type, key+".")...)
		} else {
			all = append(all, key)
		}
	}
	return all
}
