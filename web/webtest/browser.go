package webtest

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Browser is a real, headless Chromium. Open it once a test and give each person
// a Tab; it ends with the test.
type Browser struct {
	ctx context.Context
	t   testing.TB
}

// patience bounds a step: a page that never comes fails its test.
const patience = 30 * time.Second

// OpenBrowser starts Chromium, with further options if given, or skips the test,
// saying why, where there is none.
func OpenBrowser(t testing.TB, more ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium here: install Debian's package chromium to run the browser tests")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("lang", "fr"), chromedp.Flag("hide-scrollbars", true),
		chromedp.UserDataDir(t.TempDir()))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), append(opts, more...)...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	b := &Browser{ctx: ctx, t: t}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return b
}

// Tab is one page of the browser, with cookies of its own.
type Tab struct {
	ctx      context.Context
	t        testing.TB
	url      string
	noScript bool
}

// Tab opens an empty page of a fresh profile for the site at url.
func (b *Browser) Tab(url string) *Tab {
	b.t.Helper()
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.t.Cleanup(end)
	tab := &Tab{ctx: ctx, t: b.t, url: url}
	if err := chromedp.Do(ctx); err != nil { // its context is the tab's life: it must not be a step's
		b.t.Fatalf("open a tab: %v", err)
	}
	tab.Width(1366)
	return tab
}

func (tab *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
}

func run[T any](tab *Tab, what string, a chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
	return v
}

// Width sets the width of the window in pixels; it is 768 high.
func (tab *Tab) Width(px int) {
	tab.t.Helper()
	tab.do("set the width", chromedp.EmulateViewport(int64(px), 768))
}

// NoScript switches scripts off for what is opened next.
func (tab *Tab) NoScript() {
	tab.t.Helper()
	tab.noScript = true
	tab.scripts(false)
}

func (tab *Tab) scripts(on bool) {
	tab.t.Helper()
	tab.do("switch scripts", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// SetCookie signs the tab in.
func (tab *Tab) SetCookie(ck *http.Cookie) {
	tab.t.Helper()
	tab.do("set a cookie", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, network.SetCookie, network.SetCookieParams{Name: ck.Name, Value: ck.Value, URL: tab.url})
		return err
	}))
}

// Open goes to a path of the site.
func (tab *Tab) Open(path string) {
	tab.t.Helper()
	tab.do("open "+path, chromedp.Navigate(tab.url+path))
}

// Try goes to any address and gives the browser's reason when it will not:
// net::ERR_CERT_AUTHORITY_INVALID.
func (tab *Tab) Try(url string) error {
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate(url))
}

// Fill types into a control, by its name.
func (tab *Tab) Fill(name, value string) {
	tab.t.Helper()
	sel := `[name="` + name + `"]`
	tab.do("fill "+name, chromedp.Focus(sel), chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(kb.Delete), chromedp.SendKeys(sel, value))
}

// Choose puts files into a file control.
func (tab *Tab) Choose(name string, files ...string) {
	tab.t.Helper()
	tab.do("choose for "+name, chromedp.SetUploadFiles(`[name="`+name+`"]`, files))
}

// Keys types on the keyboard, wherever the cursor stands. "\r" is Enter.
func (tab *Tab) Keys(keys string) {
	tab.t.Helper()
	tab.do("type", chromedp.KeyEvent(keys))
}

// KeysOpen is Keys that ends with a page being opened.
func (tab *Tab) KeysOpen(keys string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(keys)); err != nil {
		tab.t.Fatalf("type: %v", err)
	}
}

// Press clicks what a CSS selector finds and waits for the page that it opens.
func (tab *Tab) Press(selector string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector)); err != nil {
		tab.t.Fatalf("press %s: %v", selector, err)
	}
}

// Text is what can be read on the page, spaces made plain.
func (tab *Tab) Text() string {
	tab.t.Helper()
	return flat(run(tab, "read the page", chromedp.Text("body")))
}

// Has tells whether the page holds words.
func (tab *Tab) Has(words string) bool { return strings.Contains(tab.Text(), flat(words)) }

// Eval runs an expression and returns its value. Scripts of the page being off
// does not stop it.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	return run(tab, "run a script", chromedp.Evaluate[T](expression))
}

// Sideways is by how many pixels the page is wider than its window: 0 on every
// page at every width.
func (tab *Tab) Sideways() int {
	tab.t.Helper()
	return Eval[int](tab, "document.documentElement.scrollWidth - document.documentElement.clientWidth")
}

// Shot keeps a picture of the whole page in build/shots, and returns its path.
func (tab *Tab) Shot(name string) string {
	tab.t.Helper()
	return keep(tab.t, name+".png", run(tab, "take a picture", chromedp.FullScreenshot(100)))
}

// Print keeps the page as it goes to paper, A4, in build/shots.
func (tab *Tab) Print(name string) string {
	tab.t.Helper()
	return keep(tab.t, name+".pdf", run(tab, "print", chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPreferCSSPageSize())))
}

func keep(t testing.TB, name string, data []byte) string {
	t.Helper()
	dir := filepath.Join(root(t), "build", "shots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// root is the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// Finding is one thing that axe-core holds against a page.
type Finding struct {
	ID, Help string
	Nodes    []string
}

// Axe runs axe-core (rules for WCAG A, AA and AAA contrast) on the page. Without
// build/axe.min.js it says so and finds nothing; `make test` fetches it.
func (tab *Tab) Axe() []Finding {
	tab.t.Helper()
	src, err := os.ReadFile(filepath.Join(root(tab.t), "build", "axe.min.js"))
	if err != nil {
		tab.t.Log("no build/axe.min.js here: accessibility not checked")
		return nil
	}
	if tab.noScript { // axe needs timers
		tab.scripts(true)
		defer tab.scripts(false)
	}
	run(tab, "load axe", chromedp.Evaluate[bool](string(src)+"\n;true"))
	found := run(tab, "run axe", chromedp.Evaluate[string](`axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","wcag2aaa","best-practice"], rules: {"color-contrast-enhanced": {enabled: true}}})
		.then(r => JSON.stringify(r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => n.html.slice(0, 160))}))))`, chromedp.EvalAwaitPromise))
	var list []Finding
	if err := json.Unmarshal([]byte(found), &list); err != nil {
		tab.t.Fatal(err)
	}
	return list
}
