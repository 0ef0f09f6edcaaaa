package store_test

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// A disk is what strace saw a process do to one folder, as a list of events: each
// changes bytes, a length or a name, and becomes durable at a later one, when
// its file or folder is synced. Between the two a power cut may keep it, lose it
// or tear it. Nothing is assumed about the order in which a disk writes.
type disk struct {
	events []event
	marks  []mark
	nodes  []*node
}

// node is a file or folder, whatever name it bears; folder 0 is the root.
type node struct {
	folder  bool
	first   string // the path it was made under
	data    []byte // as the process sees it while the trace is read
	names   map[string]int
	pending []int // events that wait for its sync
}

// event is one change. Names change as put (dir, name → node) and drop.
type event struct {
	what    string // write, size, put, drop
	node    int    // written or named
	off     int64
	data    []byte
	dir     int
	name    string
	after   int // for a rename's drop: the put without which it cannot be; else -1
	at      int // step of the trace
	durable int // step from which it is safe
}

// mark is an answer: what the store held when it was given.
type mark struct {
	at   int
	text string
}

const never = 1 << 60

var traceCalls = "trace=openat,creat,close,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,msync,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat,copy_file_range,sendfile,splice,lseek,dup,dup2,dup3"

var (
	callLine    = regexp.MustCompile(`^(?:(\d+) +)?(\w+)\((.*)\) += (-?\d+)`)
	resumedLine = regexp.MustCompile(`^(?:(\d+) +)?<\.\.\. \w+ resumed>(.*)$`)
	cutLine     = regexp.MustCompile(`^(?:(\d+) +)?(.*) <unfinished \.\.\.>$`)
)

// readDisk reads a trace (strace -f -xx with whole strings). Syncs for which lost
// says so are taken as if they had not been asked for.
func readDisk(trace, root string, lost func(f *node, pages bool) bool) (*disk, error) {
	f, err := os.Open(trace)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &traceReader{d: &disk{nodes: []*node{{folder: true, names: map[string]int{}}}}, root: root, fds: map[string]*openFile{}, lost: lost}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<28)
	cut := map[string]string{}
	for lines.Scan() {
		line := lines.Text()
		if m := cutLine.FindStringSubmatch(line); m != nil {
			cut[m[1]] = m[2]
			continue
		}
		if m := resumedLine.FindStringSubmatch(line); m != nil {
			line = m[1] + " " + cut[m[1]] + m[2]
		}
		m := callLine.FindStringSubmatch(line)
		if m == nil || strings.HasPrefix(m[4], "-") {
			continue
		}
		if err := r.call(m[2], splitArgs(m[3]), m[4]); err != nil {
			return nil, fmt.Errorf("%.200s: %w", line, err)
		}
	}
	return r.d, lines.Err()
}

type openFile struct {
	node int
	at   int64
}

type traceReader struct {
	d    *disk
	root string
	fds  map[string]*openFile
	step int
	lost func(f *node, pages bool) bool // pages: some wait, not only a meta page
}

func splitArgs(s string) (args []string) {
	for s != "" {
		if s[0] == '"' {
			end := strings.IndexByte(s[1:], '"') + 1
			args, s = append(args, unhex(s[1:end])), strings.TrimPrefix(s[end+1:], ", ")
			continue
		}
		arg, rest, _ := strings.Cut(s, ", ")
		args, s = append(args, arg), rest
	}
	return args
}

func unhex(s string) string {
	b := make([]byte, 0, len(s)/4)
	for i := 0; i+3 < len(s); i += 4 {
		n, _ := strconv.ParseUint(s[i+2:i+4], 16, 8)
		b = append(b, byte(n))
	}
	return string(b)
}

func num(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// call takes one finished system call into the disk.
func (r *traceReader) call(name string, args []string, result string) error {
	r.step++
	file := func(i int) *openFile { return r.fds[args[i]] }
	switch name {
	case "openat":
		n, dir, base := r.find(args[1])
		if dir < 0 {
			delete(r.fds, result)
			return nil
		}
		if n < 0 {
			n = r.create(dir, base, args[1], strings.Contains(args[2], "O_DIRECTORY"))
		} else if strings.Contains(args[2], "O_TRUNC") {
			r.resize(n, 0)
		}
		r.fds[result] = &openFile{node: n}
	case "close":
		delete(r.fds, args[0])
	case "write":
		if args[0] == "1" && strings.HasPrefix(args[1], "mark\n") {
			r.d.marks = append(r.d.marks, mark{r.step, args[1][5:]})
		} else if f := file(0); f != nil {
			r.write(f.node, f.at, args[1][:num(result)])
			f.at += num(result)
		}
	case "pwrite64":
		if f := file(0); f != nil {
			r.write(f.node, num(args[3]), args[1][:num(result)])
		}
	case "lseek":
		if f := file(0); f != nil {
			f.at = num(result)
		}
	case "copy_file_range":
		if from, to := file(0), file(2); to != nil && num(result) > 0 {
			r.write(to.node, to.at, string(r.d.nodes[from.node].data[from.at:][:num(result)]))
			from.at, to.at = from.at+num(result), to.at+num(result)
		}
	case "ftruncate":
		if f := file(0); f != nil {
			r.resize(f.node, num(args[1]))
		}
	case "fsync", "fdatasync":
		if f := file(0); f != nil {
			r.sync(f.node)
		}
	case "mkdirat":
		if n, dir, base := r.find(args[1]); dir >= 0 && n < 0 {
			r.create(dir, base, args[1], true)
		}
	case "renameat", "renameat2":
		n, dir, base := r.find(args[1])
		_, to, name := r.find(args[3])
		if n < 0 || to < 0 {
			return nil
		}
		put := r.event(event{what: "put", dir: to, name: name, node: n, after: -1})
		r.event(event{what: "drop", dir: dir, name: base, node: n, after: put})
	case "unlinkat":
		if n, dir, base := r.find(args[1]); n >= 0 {
			r.event(event{what: "drop", dir: dir, name: base, node: n, after: -1})
		}
	default:
		for _, a := range args {
			if _, dir, _ := r.find(a); r.fds[a] != nil || dir >= 0 {
				return fmt.Errorf("the replay does not know %s", name)
			}
		}
	}
	return nil
}

// find gives the node at a path, its folder and its name there; -1 for what is
// not there, dir -1 for what is not below the root.
func (r *traceReader) find(p string) (n, dir int, base string) {
	rel, ok := strings.CutPrefix(path.Clean(p), r.root)
	if !ok || rel != "" && rel[0] != '/' {
		return -1, -1, ""
	}
	n, dir = 0, 0
	for _, part := range strings.FieldsFunc(rel, func(c rune) bool { return c == '/' }) {
		if n < 0 {
			return -1, -1, ""
		}
		dir, base = n, part
		if next, ok := r.d.nodes[n].names[part]; ok {
			n = next
		} else {
			n = -1
		}
	}
	return n, dir, base
}

func (r *traceReader) create(dir int, base, p string, folder bool) int {
	n := len(r.d.nodes)
	r.d.nodes = append(r.d.nodes, &node{folder: folder, first: strings.TrimPrefix(p, r.root+"/"), names: map[string]int{}})
	r.event(event{what: "put", dir: dir, name: base, node: n, after: -1})
	return n
}

func (r *traceReader) write(n int, off int64, text string) {
	r.event(event{what: "write", node: n, off: off, data: []byte(text), after: -1})
}

func (r *traceReader) resize(n int, size int64) {
	r.event(event{what: "size", node: n, off: size, after: -1})
}

// event notes a change and carries it out as the process sees it.
func (r *traceReader) event(e event) int {
	e.at, e.durable = r.step, never
	i := len(r.d.events)
	r.d.events = append(r.d.events, e)
	owner := r.d.nodes[e.node]
	switch e.what {
	case "put":
		owner = r.d.nodes[e.dir]
		owner.names[e.name] = e.node
	case "drop":
		owner = r.d.nodes[e.dir]
		delete(owner.names, e.name)
	default:
		owner.data = e.change(owner.data)
	}
	if r.d.passing(e) {
		r.d.events[i].durable = r.step
	} else {
		owner.pending = append(owner.pending, i)
	}
	return i
}

// passing tells whether an event changes only what a start sweeps away unread:
// the lock, and the names of half-made files. What it leaves is never left out.
func (d *disk) passing(e event) bool {
	if e.what == "put" || e.what == "drop" {
		return e.name == "lock" || d.nodes[e.dir].first == "data/partial" && len(e.name) != 64
	}
	return d.nodes[e.node].first == "data/lock"
}

// change is a file's bytes after a write or a change of length; data may be
// written over.
func (e event) change(data []byte) []byte {
	end := e.off + int64(len(e.data))
	if e.what == "size" && int64(len(data)) > end {
		return data[:end]
	}
	if grow := end - int64(len(data)); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[e.off:], e.data)
	return data
}

func (r *traceReader) sync(n int) {
	f := r.d.nodes[n]
	if r.lost != nil && r.lost(f, r.waits(f, 2*4096)) {
		return
	}
	for _, i := range f.pending {
		r.d.events[i].durable = r.step
	}
	f.pending = nil
}

func (n *node) isDatabase() bool {
	return n.first == "data/partial/first-preau.db" || n.first == "data/partial/back-preau.db"
}

// waits tells whether a write at or after an offset waits for a sync.
func (r *traceReader) waits(n *node, off int64) bool {
	for _, i := range n.pending {
		if e := r.d.events[i]; e.what == "write" && e.off >= off {
			return true
		}
	}
	return false
}

// describe says what an event was, for the report of a bad state.
func (d *disk) describe(i int) string {
	e := d.events[i]
	switch e.what {
	case "write":
		return fmt.Sprintf("write %s [%d,%d)", d.nodes[e.node].first, e.off, e.off+int64(len(e.data)))
	case "size":
		return fmt.Sprintf("size %s %d", d.nodes[e.node].first, e.off)
	}
	return fmt.Sprintf("%s %s/%s", e.what, d.nodes[e.dir].first, e.name)
}
