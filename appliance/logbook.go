package appliance

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"preau/store"
	"preau/web"
)

// logbook keeps what a site logs in DIR/log, beside wherever else it goes, so
// that the technician reads it in the browser after a power cut too. It is not
// made durable line by line: it is a help, not a record. Nobody's name is ever
// logged.
type logbook struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
}

// logMost is the length at which the log begins anew; the one before it is kept.
const logMost = 512 << 10

// logDay is how far back the page of the log goes.
const logDay = 24 * time.Hour

// openLogbook opens the log of a folder; where it cannot, nothing is kept.
func openLogbook(dir string) *logbook {
	b := &logbook{path: filepath.Join(dir, "log")}
	b.begin()
	return b
}

func (b *logbook) begin() {
	b.file, b.size = nil, 0
	f, err := os.OpenFile(b.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	b.file = f
	if fi, err := f.Stat(); err == nil {
		b.size = fi.Size()
	}
}

// over has a log go here too, with the site's time: the machine's may be of 1970.
func (b *logbook) over(log *slog.Logger, clock store.Clock) *slog.Logger {
	here := slog.NewJSONHandler(b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			at, _ := clock.Now()
			return slog.Time(slog.TimeKey, at.UTC())
		}
		return a
	}})
	return slog.New(slog.NewMultiHandler(log.Handler(), here))
}

// Write takes one line. A full disk loses it, and nothing else.
func (b *logbook) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return len(line), nil
	}
	if b.size+int64(len(line)) > logMost {
		_ = b.file.Close()
		_ = os.Rename(b.path, b.path+".old")
		if b.begin(); b.file == nil {
			return len(line), nil
		}
	}
	n, err := b.file.Write(line)
	b.size += int64(n)
	return n, err
}

func (b *logbook) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	b.file = nil
	return err
}

// logLine is one line of the log: when, how grave, what, and the rest as it was
// written.
type logLine struct {
	At    time.Time
	Level slog.Level
	What  string
	Rest  string
}

// readLog is the log of the day before now, newest first, at most so many lines.
func readLog(dir string, now time.Time, most int) (lines []logLine, err error) {
	path := filepath.Join(dir, "log")
	for _, name := range []string{path + ".old", path} {
		f, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s := bufio.NewScanner(f)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			if l, ok := parseLogLine(s.Bytes()); ok && now.Sub(l.At) < logDay {
				lines = append(lines, l)
			}
		}
		if err := errors.Join(s.Err(), f.Close()); err != nil {
			return nil, err
		}
	}
	slices.Reverse(lines)
	return lines[:min(len(lines), most)], nil
}

// parseLogLine reads one line; a line that a power cut left half is none.
func parseLogLine(raw []byte) (l logLine, ok bool) {
	var known struct {
		Time  time.Time
		Level slog.Level
		Msg   string
	}
	rest := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &known) != nil || json.Unmarshal(raw, &rest) != nil || known.Msg == "" {
		return l, false
	}
	l = logLine{At: known.Time, Level: known.Level, What: known.Msg}
	var names []string
	for name := range rest {
		if name != slog.TimeKey && name != slog.LevelKey && name != slog.MessageKey {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		value := string(rest[name])
		var text string
		if json.Unmarshal(rest[name], &text) == nil {
			value = text
		}
		if value == "" || value == "null" {
			continue
		}
		if l.Rest != "" {
			l.Rest += " · "
		}
		l.Rest += name + " " + value
	}
	return l, true
}

// logView is the page of the log.
type logView struct {
	web.Base
	Lines []logLine
}

// logLines is how many lines of the log one page shows.
const logLines = 500

func (x *server) logPage(c *web.Ctx) error {
	p := logView{Base: c.Base("appliance.log.title")}
	p.Back = web.Link{Label: p.T("appliance.status.title"), Href: "/status"}
	p.Lead = p.T("appliance.log.lead")
	var err error
	if p.Lines, err = readLog(x.Dir, c.Now(), logLines); err != nil {
		return err
	}
	return c.Render(http.StatusOK, logPageView(p))
}

// grave is how a line's level is marked.
func (p logView) grave(l slog.Level) web.Mark {
	switch {
	case l >= slog.LevelError:
		return web.Mark{Icon: "octagon", Tone: web.Brick, Bold: p.T("appliance.log.error")}
	case l >= slog.LevelWarn:
		return web.Mark{Icon: "clock", Tone: web.Ochre, Bold: p.T("appliance.log.warning")}
	}
	return web.Mark{Icon: "check", Tone: web.Green, Text: p.T("appliance.log.info")}
}
