package appliance

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// SocketPath is the socket through which commands reach the server that holds dir.
func SocketPath(dir string) string { return filepath.Join(dir, "preau.sock") }

var errNoServer = errors.New("no server holds the folder")

// What crosses the socket: POST /do with the call in a header and standard
// input as the body; the answer is pieces of output, each a kind, a length and
// the bytes, and last the exit code.
const (
	callHeader = "Preau-Call"
	pieceOut   = 1
	pieceErr   = 2
	pieceExit  = 3
)

type wireCall struct {
	Name  string            `json:"name"`
	Args  []string          `json:"args"`
	Flags map[string]string `json:"flags"`
	JSON  bool              `json:"json"`
	Lang  string            `json:"lang"`
}

// listenSocket takes over a socket that a killed server left behind: the
// folder's lock is ours already.
func listenSocket(dir string) (net.Listener, error) {
	path := SocketPath(dir)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("command socket: %w", err)
	}
	// The name of a socket holds about 100 bytes; a deep folder is reached by
	// its descriptor.
	bind := path
	if len(path) > 100 {
		d, err := os.Open(dir)
		if err != nil {
			return nil, fmt.Errorf("command socket: %w", err)
		}
		defer d.Close()
		bind = fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(path))
	}
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", bind)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("command socket: %w", err)
	}
	return l, nil
}

// serveSocket answers commands until ctx ends.
func serveSocket(ctx context.Context, r *Running, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /do", func(w http.ResponseWriter, req *http.Request) {
		var c wireCall
		raw, err := base64.StdEncoding.DecodeString(req.Header.Get(callHeader))
		if err == nil {
			err = json.Unmarshal(raw, &c)
		}
		if err != nil {
			http.Error(w, "bad call", http.StatusBadRequest)
			return
		}
		p := &pieces{w: w}
		exit, err := r.Do(req.Context(), c.Name, Call{
			Args: c.Args, Flags: c.Flags, JSON: c.JSON, Lang: c.Lang, Stdin: req.Body, Stdout: p.to(pieceOut), Stderr: p.to(pieceErr),
		})
		if err != nil {
			fmt.Fprintln(p.to(pieceErr), "preau:", r.Sentence(c.Lang, err))
			exit = ExitOf(exit, err)
		}
		_, _ = p.to(pieceExit).Write([]byte{byte(exit)})
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stop := context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = s.Shutdown(last)
	})
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("command socket: %w", err)
	}
	return nil
}

type pieces struct {
	mu sync.Mutex
	w  http.ResponseWriter
}

type pieceWriter struct {
	p    *pieces
	kind byte
}

func (p *pieces) to(kind byte) io.Writer { return pieceWriter{p, kind} }

func (w pieceWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	head := binary.BigEndian.AppendUint32([]byte{w.kind}, uint32(len(b)))
	if _, err := w.p.w.Write(append(head, b...)); err != nil {
		return 0, err
	}
	if f, ok := w.p.w.(http.Flusher); ok {
		f.Flush()
	}
	return len(b), nil
}

// callServer asks the server behind a socket; errNoServer when nobody listens.
func callServer(ctx context.Context, path, name string, call Call) (int, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		to := path
		if len(path) > 100 {
			d, err := os.Open(filepath.Dir(path))
			if err != nil {
				return nil, err
			}
			defer d.Close()
			to = fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(path))
		}
		var d net.Dialer
		return d.DialContext(ctx, "unix", to)
	}
	probe, err := dial(ctx, "", "")
	if err != nil {
		return Failed, errNoServer
	}
	probe.Close()
	raw, err := json.Marshal(wireCall{name, call.Args, call.Flags, call.JSON, call.Lang})
	if err != nil {
		return Failed, err
	}
	body := call.Stdin
	if body == nil {
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://preau/do", io.NopCloser(body))
	if err != nil {
		return Failed, err
	}
	req.Header.Set(callHeader, base64.StdEncoding.EncodeToString(raw))
	t := &http.Transport{DialContext: dial}
	defer t.CloseIdleConnections()
	res, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return Failed, fmt.Errorf("the server that holds the folder: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return Failed, fmt.Errorf("the server that holds the folder answered %s", res.Status)
	}
	return readPieces(bufio.NewReader(res.Body), call)
}

// startWithin is how long a server that holds a folder may take until it
// answers commands.
const startWithin = 5 * time.Second

// callSoon is callServer for a server that may just be starting.
func callSoon(ctx context.Context, path, name string, call Call) (int, error) {
	end := time.NewTimer(startWithin)
	defer end.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		exit, err := callServer(ctx, path, name, call)
		if !errors.Is(err, errNoServer) {
			return exit, err
		}
		select {
		case <-again.C:
		case <-end.C:
			return exit, err
		case <-ctx.Done():
			return Failed, context.Cause(ctx)
		}
	}
}

func readPieces(r *bufio.Reader, call Call) (int, error) {
	for {
		head := make([]byte, 5)
		if _, err := io.ReadFull(r, head); err != nil {
			return Failed, errors.New("the server stopped before the command was done")
		}
		n := int64(binary.BigEndian.Uint32(head[1:]))
		var to io.Writer
		switch head[0] {
		case pieceOut:
			to = call.Stdout
		case pieceErr:
			to = call.Stderr
		case pieceExit:
			code, err := r.ReadByte()
			return int(code), err
		}
		if to == nil {
			to = io.Discard
		}
		if _, err := io.CopyN(to, r, n); err != nil {
			return Failed, err
		}
	}
}
