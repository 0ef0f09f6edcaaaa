package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest/sample"
)

// ready is what the measured server says when it serves.
type ready struct {
	URL    string
	Own    string // cookie of a teacher on their own device
	Shared string // the same on a shared computer
}

// runServer serves the sample feature until it is told to stop.
func runServer(dir string) error {
	defs := append(append(school.Collections(), web.Collections()...), sample.Notes)
	db, err := store.Open(dir, store.Options{Collections: defs})
	if err != nil {
		return err
	}
	srv, err := web.New(web.Options{
		DB: db, Kind: web.Box, Routes: sample.Routes(), Nav: sample.Nav(), Words: []fs.FS{sample.Words}, Version: "bench",
		SyncLine: func(c *web.Ctx) *web.SyncLine {
			return &web.SyncLine{Icon: "clock", Bold: "3 envois en attente", Text: "depuis 2 h, dernier échange à 7 h 42", Href: "/"}
		},
	})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	r, err := fill(db, srv)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, db.Close())
	}
	r.URL = "http://" + l.Addr().String()
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	hs := web.NewHTTPServer(srv, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- hs.Serve(l) }()
	<-ctx.Done()
	err = hs.Close()
	<-done
	return errors.Join(err, db.Close())
}

func fill(db *store.DB, srv *web.Server) (r ready, err error) {
	teacher := school.Person{Kind: school.Staff, Surname: "TCHASSANTI", Given: "Pyalo", Roles: []school.Role{school.Teacher}, Login: "pyalo"}
	var id store.ID
	err = db.Update(func(tx *store.Tx) (err error) {
		if err := school.SetSite(tx, school.SiteInfo{Kind: school.Box, Code: "LOM-0001", Name: "Lycée de la Lagune", Slug: "lagune", Language: "fr"}); err != nil {
			return err
		}
		if _, err := school.Years.Add(tx, school.Year{Label: "2026-2027", From: "2026-09-14", Until: "2027-07-31"}); err != nil {
			return err
		}
		id, err = school.People.Add(tx, teacher)
		return err
	})
	if err == nil {
		err = sample.Fill(db, records)
	}
	if err != nil {
		return r, err
	}
	for _, own := range []bool{true, false} {
		ck, err := srv.OpenSession(id, own)
		if err != nil {
			return r, err
		}
		if own {
			r.Own = ck.Name + "=" + ck.Value
		} else {
			r.Shared = ck.Name + "=" + ck.Value
		}
	}
	return r, nil
}

// server is the measured process.
type server struct {
	ready
	cmd *exec.Cmd
}

func startServer(dir string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-serve", dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd}
	said, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(said, &s.ready)
	}
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	return s, nil
}

func (s *server) pid() int { return s.cmd.Process.Pid }

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// pages are what is asked of the server, and the bytes that nginx must serve.
func pages(s *server) ([]*target, map[string][]byte, error) {
	var targets []*target
	files := map[string][]byte{}
	for name, path := range map[string]string{"home": "/", "list": "/notes"} {
		shared := []string{"Cookie: " + s.Shared, "Accept-Encoding: gzip"}
		body, _, status, err := get(s.URL+path, shared)
		if err != nil || status != http.StatusOK {
			return nil, nil, fmt.Errorf("%s: %d, %w", path, status, err)
		}
		files[name] = body
		own := []string{"Cookie: " + s.Own, "Accept-Encoding: gzip"}
		_, etag, _, err := get(s.URL+path, own)
		if err != nil || etag == "" {
			return nil, nil, fmt.Errorf("%s has no ETag, %w", path, err)
		}
		own = append(own, "If-None-Match: "+etag)
		if _, _, status, err := get(s.URL+path, own); err != nil || status != http.StatusNotModified {
			return nil, nil, fmt.Errorf("%s unchanged: %d, %w", path, status, err)
		}
		targets = append(targets,
			&target{what: name + ", drawn", url: s.URL + path, headers: shared, pid: s.pid(), bytes: int64(len(body)), limit: "nginx " + name},
			&target{what: name + ", unchanged", url: s.URL + path, headers: own, pid: s.pid(), limit: "nginx " + name})
	}
	return targets, files, nil
}

// get asks once, without uncompressing.
func get(url string, headers []string) (body []byte, etag string, status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, "", 0, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(req)
	if err != nil {
		return nil, "", 0, err
	}
	defer res.Body.Close()
	body, err = readAll(res.Body)
	return body, res.Header.Get("ETag"), res.StatusCode, err
}
