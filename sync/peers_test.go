package boxsync_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"preau/sync/linktest"
)

func syncTools() []syncTool {
	return []syncTool{
		&preauTool{}, &preauTool{sealed: true}, &rsyncTool{tool: "rsync -z", args: []string{"-z"}},
		&rsyncTool{tool: "rsync zstd-19", args: []string{"-z", "--zc=zstd", "--zl=19"}}, &gitTool{}, &casyncTool{}, &syncthingTool{}, &pouchTool{},
	}
}

func lacks(programs ...string) string {
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			return "no " + p + " here"
		}
	}
	return ""
}

// rsyncTool pushes the folder to an rsync daemon.
type rsyncTool struct {
	tool string
	args []string
}

func (x *rsyncTool) name() string  { return x.tool }
func (*rsyncTool) missing() string { return lacks("rsync") }

func (x *rsyncTool) prepare(b *bench) string {
	b.folder(filepath.Join(b.dir, "near"), false)
	port := b.freePort()
	if err := os.MkdirAll(filepath.Join(b.dir, "far"), 0o755); err != nil {
		b.Fatal(err)
	}
	conf := fmt.Sprintf("use chroot = no\n[far]\npath = %s\nread only = no\n", filepath.Join(b.dir, "far"))
	if os.Getuid() == 0 {
		conf = "uid = 0\ngid = 0\n" + conf
	}
	if err := os.WriteFile(filepath.Join(b.dir, "rsyncd.conf"), []byte(conf), 0o644); err != nil {
		b.Fatal(err)
	}
	b.start("rsync", "--daemon", "--no-detach", "--address=127.0.0.1", "--port="+strconv.Itoa(port), "--config="+filepath.Join(b.dir, "rsyncd.conf"))
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	b.listens(addr)
	return addr
}

func (x *rsyncTool) day(b *bench) { b.folder(filepath.Join(b.dir, "near"), true) }

func (x *rsyncTool) move(b *bench, p *linktest.Proxy) error {
	args := append([]string{"-a", "--delete"}, x.args...)
	return b.run("rsync", append(args, "near/", fmt.Sprintf("rsync://127.0.0.1:%d/far/", p.Port()))...)
}

func (x *rsyncTool) check(b *bench, after bool) error {
	return b.same(filepath.Join(b.dir, "far"), after)
}

// gitTool pushes commits to a git daemon.
type gitTool struct{}

func (*gitTool) name() string    { return "git push" }
func (*gitTool) missing() string { return lacks("git") }

func (x *gitTool) git(b *bench, args ...string) {
	if err := b.run("git", append([]string{"-C", "near", "-c", "user.name=day", "-c", "user.email=day@example.invalid", "-c", "commit.gpgsign=false"}, args...)...); err != nil {
		b.Fatal(err)
	}
}

func (x *gitTool) prepare(b *bench) string {
	b.folder(filepath.Join(b.dir, "near"), false)
	for _, args := range [][]string{{"init", "-q", "-b", "main", "near"}, {"init", "-q", "--bare", "-b", "main", "far.git"}} {
		if err := b.run("git", args...); err != nil {
			b.Fatal(err)
		}
	}
	x.git(b, "add", "-A")
	x.git(b, "commit", "-q", "-m", "before")
	port := b.freePort()
	b.start("git", "daemon", "--export-all", "--enable=receive-pack", "--reuseaddr", "--listen=127.0.0.1", "--port="+strconv.Itoa(port), "--base-path="+b.dir)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	b.listens(addr)
	return addr
}

func (x *gitTool) day(b *bench) {
	b.folder(filepath.Join(b.dir, "near"), true)
	x.git(b, "add", "-A")
	x.git(b, "commit", "-q", "-m", "the day")
}

func (x *gitTool) move(b *bench, p *linktest.Proxy) error {
	return b.run("git", "-C", "near", "push", "-q", fmt.Sprintf("git://127.0.0.1:%d/far.git", p.Port()), "main")
}

func (x *gitTool) check(b *bench, after bool) error {
	if err := errors.Join(os.RemoveAll(filepath.Join(b.dir, "seen")), b.run("git", "clone", "-q", "far.git", "seen")); err != nil {
		return err
	}
	return b.same(filepath.Join(b.dir, "seen"), after)
}

// casyncTool fetches from a web server: the far side is the one that asks.
type casyncTool struct {
	n   int
	web *httptest.Server
}

func (*casyncTool) name() string    { return "casync" }
func (*casyncTool) missing() string { return lacks("casync") }

func (x *casyncTool) prepare(b *bench) string {
	x.n = 0
	x.web = httptest.NewServer(http.FileServer(http.Dir(filepath.Join(b.dir, "web"))))
	b.Cleanup(x.web.Close)
	x.make(b, false)
	return strings.TrimPrefix(x.web.URL, "http://")
}

func (x *casyncTool) make(b *bench, after bool) {
	b.folder(filepath.Join(b.dir, "near"), after)
	if err := os.MkdirAll(filepath.Join(b.dir, "web"), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := b.run("casync", "make", "--without=all", "--store=web/default.castr", "web/day.caidx", "near"); err != nil {
		b.Fatal(err)
	}
}

func (x *casyncTool) day(b *bench) { x.make(b, true) }

func (x *casyncTool) move(b *bench, p *linktest.Proxy) error {
	args := []string{"extract", "--without=all", "--store=http://" + p.Addr() + "/default.castr"}
	if x.n > 0 {
		args = append(args, "--seed=far"+strconv.Itoa(x.n-1))
	}
	args = append(args, "http://"+p.Addr()+"/day.caidx", "far"+strconv.Itoa(x.n))
	x.n++
	return b.run("casync", args...)
}

func (x *casyncTool) check(b *bench, after bool) error {
	return b.same(filepath.Join(b.dir, "far"+strconv.Itoa(x.n-1)), after)
}

// syncthingTool runs two of them that know only one another.
type syncthingTool struct{ after bool }

func (*syncthingTool) name() string    { return "syncthing" }
func (*syncthingTool) missing() string { return lacks("syncthing") }

const syncthingConfig = `<configuration version="36">
<folder id="day" path="%s" type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="false" ignorePerms="true">
<device id="%s"></device><device id="%s"></device></folder>
<device id="%s" compression="always"><address>%s</address></device>
<device id="%s" compression="always"><address>%s</address></device>
<gui enabled="true"><address>127.0.0.1:%d</address><apikey>day</apikey></gui>
<options><listenAddress>%s</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false</localAnnounceEnabled>
<relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><crashReportingEnabled>false</crashReportingEnabled><urAccepted>-1</urAccepted>
<autoUpgradeIntervalH>0</autoUpgradeIntervalH><startBrowser>false</startBrowser><reconnectionIntervalS>5</reconnectionIntervalS></options>
</configuration>`

func (x *syncthingTool) id(b *bench, home string) string {
	if err := b.run("syncthing", "generate", "--home="+home, "--no-default-folder"); err != nil {
		b.Fatal(err)
	}
	c := exec.Command("syncthing", "--home="+home, "--device-id")
	c.Dir = b.dir
	out, err := c.Output()
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func (x *syncthingTool) prepare(b *bench) string {
	x.after = false
	b.T.Setenv("STMONITORED", "yes") // one process each: a child that outlives its parent holds the database
	b.folder(filepath.Join(b.dir, "near"), false)
	for _, dir := range []string{"near/.stfolder", "far/.stfolder"} {
		if err := os.MkdirAll(filepath.Join(b.dir, dir), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	return fmt.Sprintf("127.0.0.1:%d", b.freePort())
}

func (x *syncthingTool) day(b *bench) {
	x.after = true
	b.folder(filepath.Join(b.dir, "near"), true)
}

// move starts both and ends them when the far folder holds the day: the near one
// calls through the link.
func (x *syncthingTool) move(b *bench, p *linktest.Proxy) error {
	if _, err := os.Stat(filepath.Join(b.dir, "home-near", "cert.pem")); err != nil {
		near, far := x.id(b, "home-near"), x.id(b, "home-far")
		for side, listen := range map[string]string{"near": "tcp://127.0.0.1:" + strconv.Itoa(b.freePort()), "far": "tcp://" + p.Target()} {
			address := map[string][2]string{"near": {"tcp://127.0.0.1:9", "tcp://" + p.Addr()}, "far": {"tcp://127.0.0.1:9", "tcp://127.0.0.1:9"}}[side]
			conf := fmt.Sprintf(syncthingConfig, filepath.Join(b.dir, side), near, far, near, address[0], far, address[1], b.freePort(), listen)
			if err := os.WriteFile(filepath.Join(b.dir, "home-"+side, "config.xml"), []byte(conf), 0o600); err != nil {
				return err
			}
		}
	}
	defer b.stop()
	b.start("syncthing", "serve", "--no-browser", "--no-restart", "--home=home-far")
	b.listens(p.Target())
	p.Take()
	b.start("syncthing", "serve", "--no-browser", "--no-restart", "--home=home-near")
	for range 9000 {
		time.Sleep(100 * time.Millisecond)
		if b.same(filepath.Join(b.dir, "far"), x.after) == nil {
			if p.Peek().Connections > 0 {
				time.Sleep(3 * time.Second) // the last index
				return nil
			}
		}
	}
	return fmt.Errorf("not the same after 15 minutes")
}

func (x *syncthingTool) check(b *bench, after bool) error {
	return b.same(filepath.Join(b.dir, "far"), after)
}

// pouchTool replicates PouchDB to express-pouchdb: a document a record and a
// circular, attachments for the files.
type pouchTool struct{ modules string }

func (*pouchTool) name() string { return "pouchdb" }

func (x *pouchTool) missing() string {
	if why := lacks("node"); why != "" {
		return why
	}
	x.modules = or(os.Getenv("PREAU_BENCH_NPM"), "../build/npm")
	abs, err := filepath.Abs(x.modules)
	if err != nil {
		return err.Error()
	}
	x.modules = filepath.Join(abs, "node_modules")
	if _, err := os.Stat(filepath.Join(x.modules, "express-pouchdb")); err != nil {
		return "no pouchdb and express-pouchdb in build/npm: npm install --prefix build/npm pouchdb@9 express-pouchdb@4.2.0 express@4"
	}
	return ""
}

func (x *pouchTool) prepare(b *bench) string {
	for name, text := range map[string]string{"server.js": pouchServer, "client.js": pouchClient} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	b.folder(filepath.Join(b.dir, "near"), false)
	port := b.freePort()
	for _, dir := range []string{"fardb", "neardb"} {
		if err := os.MkdirAll(filepath.Join(b.dir, dir), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	b.T.Setenv("NODE_PATH", x.modules)
	b.start("node", "server.js", strconv.Itoa(port))
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	b.listens(addr)
	x.load(b)
	return addr
}

func (x *pouchTool) load(b *bench) {
	if err := b.run("node", "client.js", "load"); err != nil {
		b.Fatal(err)
	}
}

func (x *pouchTool) day(b *bench) {
	b.folder(filepath.Join(b.dir, "near"), true)
	x.load(b)
}

func (x *pouchTool) move(b *bench, p *linktest.Proxy) error {
	return b.run("node", "client.js", "move", "http://"+p.Addr()+"/day")
}

// check trusts the replication's own word: each document and attachment written.
func (x *pouchTool) check(*bench, bool) error { return nil }

const pouchServer = `const express = require('express'), PouchDB = require('pouchdb').defaults({prefix: 'fardb/'})
const app = express()
app.use('/', require('express-pouchdb')(PouchDB, {mode: 'minimumForPouchDB', inMemoryConfig: true, logPath: 'pouch.log'}))
const s = app.listen(Number(process.argv[2]), '127.0.0.1')
s.requestTimeout = 0; s.headersTimeout = 0; s.timeout = 0
`

const pouchClient = `const fs = require('fs'), PouchDB = require('pouchdb').defaults({prefix: 'neardb/'})
const db = new PouchDB('day')
async function put(doc) {
  try { doc._rev = (await db.get(doc._id))._rev } catch (e) { if (e.status !== 404) throw e }
  await db.put(doc)
}
async function load() {
  const have = {}
  for (const r of (await db.allDocs({include_docs: true})).rows) have[r.id] = r.doc
  for (const line of fs.readFileSync('near/rows.ndjson', 'utf8').trim().split('\n')) {
    const {id, ...rest} = JSON.parse(line)
    if (have[id] && have[id].number === rest.number) continue
    await put({_id: id, ...rest})
  }
  for (const f of fs.readdirSync('near')) {
    if (f === 'rows.ndjson') continue
    const raw = fs.readFileSync('near/' + f)
    if (f.endsWith('.md')) { if (!have[f]) await put({_id: f, text: raw.toString()}); continue }
    const sum = require('crypto').createHash('sha256').update(raw).digest('hex')
    if (have[f] && have[f].sum === sum) continue
    await put({_id: f, sum, _attachments: {file: {content_type: 'application/octet-stream', data: raw}}})
  }
}
async function move(url) {
  const r = await db.replicate.to(url, {retry: false})
  if (!r.ok || r.errors.length) throw new Error(JSON.stringify(r))
}
const done = process.argv[2] === 'load' ? load() : move(process.argv[3])
done.then(() => db.close()).then(() => process.exit(0), e => { console.error(e); process.exit(1) })
`
