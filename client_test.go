package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"preau/web/webtest"
)

// askHTTP is the command http of the plays:
//
//	http [-t TOKEN] [-k KEY] [-host NAME] [-until REGEXP] METHOD URL [BODY]
//
// It prints the status and the body. With -until it asks again until the answer
// matches, for a minute at most; an answer that does not come counts as none. An
// answer of the API that differs from openapi.json fails.
func askHTTP(args []string) int {
	flags := flag.NewFlagSet("http", flag.ContinueOnError)
	token := flags.String("t", "", "bearer token")
	key := flags.String("k", "", "Idempotency-Key")
	host := flags.String("host", "", "Host header")
	until := flags.String("until", "", "ask again until the answer matches")
	if flags.Parse(args) != nil || flags.NArg() < 2 {
		return 2
	}
	want, err := regexp.Compile("(?s)" + *until)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	var described error
	ask := func() (string, error) {
		req, err := http.NewRequest(flags.Arg(0), flags.Arg(1), strings.NewReader(flags.Arg(2)))
		if err != nil {
			return "", err
		}
		if *token != "" {
			req.Header.Set("Authorization", "Bearer "+*token)
		}
		if *key != "" {
			req.Header.Set("Idempotency-Key", *key)
		}
		if flags.NArg() > 2 {
			req.Header.Set("Content-Type", "application/json")
		}
		req.Host = *host
		client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err == nil {
			described = describes(client, req, res, b)
		}
		return fmt.Sprintf("%d %s\n%s\n", res.StatusCode, res.Header.Get("Location"), b), err
	}
	end := time.After(time.Minute)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		answer, err := ask()
		if *until == "" || err == nil && want.MatchString(answer) {
			fmt.Print(answer)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			if described != nil {
				fmt.Fprintln(os.Stderr, "not as openapi.json says:", described)
				return 1
			}
			return 0
		}
		select {
		case <-again.C:
		case <-end:
			fmt.Print(answer)
			fmt.Fprintln(os.Stderr, "no such answer in a minute; last error:", err)
			return 1
		}
	}
}

// describes holds an answer of the API against the site's own openapi.json.
func describes(client *http.Client, req *http.Request, res *http.Response, body []byte) error {
	path, ok := strings.CutPrefix(req.URL.Path, "/api/v1")
	if !ok || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		return nil
	}
	at := *req.URL
	at.Path, at.RawQuery = "/api/v1/openapi.json", ""
	doc, err := client.Get(at.String())
	if err != nil {
		return nil // it went away after this answer
	}
	defer doc.Body.Close()
	b, err := io.ReadAll(doc.Body)
	if err != nil || doc.StatusCode != http.StatusOK {
		return nil // a damaged site has a page of its own and no API
	}
	d, err := webtest.ReadDocument(b)
	if err != nil {
		return err
	}
	return d.Check(req.Method, path, res.StatusCode, body)
}
