package browsertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/lib537/restarter/internal/status"
)

// A program runs below package restarter, in a module of its own.
type program struct {
	*testing.T
	dir, addr string
	version   int
	painted   chan string // the version that a tab has painted
	stop      func()
}

func newProgram(t *testing.T) *program {
	t.Helper()
	browser(t)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	p := &program{T: t, dir: t.TempDir(), addr: ln.Addr().String(), version: 1}
	// The name lets it import internal/status.
	const name = "github.com/lib537/restarter"
	p.write("go.mod", "module "+name+"/restarthttp/browsertest/app\n\ngo 1.21\n\nrequire "+name+" v0.0.0\n\nreplace "+name+" => "+root+"\n")
	main, err := os.ReadFile("testdata/main.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	p.write("main.go", string(main))
	if out, err := p.command("go", "build", "-o", "app", ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.start()
	return p
}

func (p *program) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = p.dir
	return cmd
}

func (p *program) write(name, text string) {
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644); err != nil {
		p.Fatal(err)
	}
}

func (p *program) start() {
	p.Helper()
	cmd := p.command("./app", p.addr)
	out, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		p.Fatal(err)
	}
	p.painted = make(chan string, 10000)
	var stopped sync.WaitGroup
	stopped.Add(1)
	go func() {
		defer stopped.Done()
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if v, ok := strings.CutPrefix(lines.Text(), "painted "); ok {
				p.painted <- v
			} else if testing.Verbose() {
				fmt.Println("   ", lines.Text())
			}
		}
	}()
	p.stop = sync.OnceFunc(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		w.Close()
		stopped.Wait()
	})
	p.Cleanup(p.stop)
	p.served()
}

func (p *program) get(path string) string {
	resp, err := http.Get("http://" + p.addr + path)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

// served waits until the latest version answers.
func (p *program) served() {
	p.Helper()
	p.until("the version is served", func() bool { return p.get("/version") == fmt.Sprint(p.version) })
}

func (p *program) until(what string, f func() bool) {
	p.Helper()
	if !within(f) {
		p.Fatalf("%s: not within 30 s", what)
	}
}

func within(f func() bool) bool {
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func (p *program) edit() {
	name := filepath.Join(p.dir, "main.go")
	text, err := os.ReadFile(name)
	if err != nil {
		p.Fatal(err)
	}
	p.version++
	p.write("main.go", strings.Replace(string(text), fmt.Sprintf("version = %d\n", p.version-1), fmt.Sprintf("version = %d\n", p.version), 1))
}

func (p *program) publish(kind status.Kind, text string) {
	p.get("/control?" + url.Values{"kind": {fmt.Sprint(int(kind))}, "text": {text}}.Encode())
}

// One browser serves all tests.
var (
	launch     sync.Once
	browserCtx context.Context
	quit       = func() {}
)

func TestMain(m *testing.M) {
	code := m.Run()
	quit()
	os.Exit(code)
}

func browser(t *testing.T) context.Context {
	t.Helper()
	launch.Do(func() {
		var path string
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome", "chrome-headless-shell"} {
			if p, err := exec.LookPath(name); err == nil {
				path = p
				break
			}
		}
		if path == "" {
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1000, 700),
			chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-features", "Translate"))
		if os.Getuid() == 0 {
			options = append(options, chromedp.NoSandbox)
		}
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
		browserCtx, _ = chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {})) // events that it does not know
		quit = func() {
			chromedp.Cancel(browserCtx)
			cancel()
		}
		if err := chromedp.Run(browserCtx); err != nil {
			t.Fatal(err)
		}
	})
	if browserCtx == nil {
		t.Skip("NOTHING IS TESTED IN A BROWSER: there is no chromium, chromium-browser, google-chrome or chrome")
	}
	return browserCtx
}

// A tab collects the errors of its console.
type tab struct {
	*program
	ctx    context.Context
	mu     sync.Mutex
	errors []string
}

func (p *program) open(path string) *tab {
	p.Helper()
	ctx, cancel := chromedp.NewContext(browser(p.T))
	p.Cleanup(cancel)
	b := &tab{program: p, ctx: ctx}
	chromedp.ListenTarget(ctx, func(e any) {
		text := ""
		switch e := e.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
				text = e.Entry.Text + " " + e.Entry.URL
			}
		case *runtime.EventExceptionThrown:
			text = e.ExceptionDetails.Error()
		case *runtime.EventConsoleAPICalled:
			text = fmt.Sprint("console ", e.Type)
		}
		if text != "" {
			b.mu.Lock()
			b.errors = append(b.errors, text)
			b.mu.Unlock()
		}
	})
	if err := chromedp.Run(ctx, log.Enable(), chromedp.Navigate("http://"+p.addr+path)); err != nil {
		p.Fatal(err)
	}
	return b
}

func (b *tab) clean() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.errors {
		b.Error("console:", e)
	}
}

// is waits until an expression is true. In between the page may be gone.
func (b *tab) is(js string) {
	b.Helper()
	var ok bool
	if !within(func() bool {
		return chromedp.Run(b.ctx, chromedp.Evaluate("Boolean("+js+")", &ok)) == nil && ok
	}) {
		var state string
		err := chromedp.Run(b.ctx, chromedp.Evaluate("[location.href, document.visibilityState, document.readyState, "+
			"JSON.stringify(sessionStorage), document.documentElement.outerHTML.slice(0, 300)].join(' ')", &state))
		b.clean()
		b.Fatalf("%s: not within 30 s: %s, %v", js, state, err)
	}
}

func (b *tab) do(actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

func (b *tab) run(js string) {
	b.Helper()
	b.do(chromedp.Evaluate("void("+js+")", nil))
}

func (b *tab) shows(version int) {
	b.Helper()
	b.is(fmt.Sprintf("document.title === '%d' && document.readyState === 'complete'", version))
}

// connected waits for n streams.
func (p *program) connected(n int) {
	p.Helper()
	p.until(fmt.Sprint(n, " streams"), func() bool { return strings.HasPrefix(p.get("/counts"), fmt.Sprint(n, " ")) })
}

const (
	shadow = "document.querySelector('restarter-status').shadowRoot"
	dialog = shadow + ".querySelector('dialog')"
	badge  = shadow + ".querySelector('.badge')"
)

// How long from the save to the new page, beside that to the first answer of the new program.
func TestTabFollows(t *testing.T) {
	p := newProgram(t)
	b := p.open("/")
	p.connected(1)
	var served, painted []float64
	edits := 12
	if testing.Short() {
		edits = 3
	}
	for i := 0; i < edits; i++ {
		time.Sleep(300 * time.Millisecond) // as a person would
		for len(p.painted) > 0 {
			<-p.painted
		}
		p.edit()
		saved := time.Now()
		p.served()
		served = append(served, time.Since(saved).Seconds())
		for fmt.Sprint(p.version) != <-p.painted {
		}
		painted = append(painted, time.Since(saved).Seconds())
	}
	b.shows(p.version)
	b.clean()
	sort.Float64s(served)
	sort.Float64s(painted)
	s, q := served[len(served)/2], painted[len(painted)/2]
	t.Logf("median: served after %.3f s, painted after %.3f s: %.2f", s, q, q/s)
}

func TestManyEditsManyTabs(t *testing.T) {
	p := newProgram(t)
	edits := 50
	if testing.Short() {
		edits = 4
	}
	var tabs []*tab
	for i := 0; i < 5; i++ {
		tabs = append(tabs, p.open("/"))
	}
	for i := 0; i < edits; i++ {
		p.edit()
		p.served()
	}
	for _, b := range tabs {
		b.do(page.BringToFront()) // one that nobody sees catches up when it is looked at
		b.shows(p.version)
		b.clean()
	}
}

func TestOverlay(t *testing.T) {
	p := newProgram(t)
	b := p.open("/")
	p.connected(1)
	const words = "# example.com/app\n./main.go:36:6: syntax error: unexpected <keyword> func, expected name or (\n./main.go:40:2: undefined: x"
	b.do(chromedp.Focus("#field"))
	p.publish(status.Building, "")
	b.is(badge + ".textContent === 'building…' && !" + badge + ".hidden")
	p.publish(status.Failed, words)
	b.is(dialog + ".open")
	b.is("document.activeElement.localName === 'restarter-status'")
	b.is(dialog + ".querySelector('h2').textContent === 'Build failed: ./main.go:36:6'")
	b.is(dialog + ".querySelector('pre').textContent === " + fmt.Sprintf("%q", words))
	b.is("getComputedStyle(" + dialog + ").display === 'flex'") // the policy lets its style be
	var name string
	b.do(chromedp.Evaluate(dialog+".getAttribute('role') + ' ' + "+dialog+".getAttribute('aria-labelledby')", &name))
	if name != "alertdialog title" {
		t.Error(name)
	}
	if path := os.Getenv("SCREENSHOT"); path != "" {
		var png []byte
		b.do(chromedp.CaptureScreenshot(&png))
		if err := os.WriteFile(path, png, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	b.do(chromedp.KeyEvent(kb.Escape))
	b.is("!" + dialog + ".open && document.activeElement.id === 'field'")
	b.is(badge + ".textContent === 'build failed' && !" + badge + ".hidden")
	b.run(badge + ".click()")
	b.is(dialog + ".open")
	b.do(chromedp.KeyEvent(kb.Escape))
	p.publish(status.Building, "")
	p.publish(status.Failed, words) // again, by another build
	b.is(dialog + ".open")
	p.publish(status.Same, "")
	b.is("!" + dialog + ".open && " + badge + ".hidden")
	p.publish(status.Crashed, "panic: no\nmain.go:7 +0x1")
	b.is(dialog + ".open && " + dialog + ".textContent.includes('panic: no')")

	p.edit() // the next success
	b.shows(p.version)
	b.is("!document.querySelector('restarter-status')")
	p.publish(status.Failed, words)
	late := p.open("/") // a page that is opened now knows too
	late.is(dialog + ".open")
	b.clean()
	late.clean()
}

func TestPositionIsKept(t *testing.T) {
	p := newProgram(t)
	for _, path := range []string{"/", "/manual"} {
		b := p.open(path)
		p.connected(1)
		b.run("scrollTo(0, 1500)")
		b.is("scrollY === 1500")
		p.edit()
		b.shows(p.version)
		b.is("scrollY === 1500")
		b.clean()
		b.do(chromedp.Navigate("about:blank"))
	}
}

func TestBackForwardCache(t *testing.T) {
	p := newProgram(t)
	b := p.open("/")
	p.connected(1)
	b.run("window.kept = true")
	b.do(chromedp.Navigate("http://" + p.addr + "/other"))
	p.connected(1) // that of the page that waits is closed
	b.run("history.back()")
	b.is("location.pathname === '/'")
	var kept bool
	b.do(chromedp.Evaluate("Boolean(window.kept && window.persisted)", &kept))
	p.connected(1)
	b.do(chromedp.Navigate("http://" + p.addr + "/other"))
	p.edit()
	b.shows(p.version)
	b.run("history.back()")
	b.is("location.pathname === '/'")
	b.shows(p.version)
	b.clean()
	if !kept {
		t.Log("this browser has not kept the page: only the other half was tested")
	}
}

// The page names another process each time: a cache must not have it reload for ever.
func TestStalePage(t *testing.T) {
	p := newProgram(t)
	b := p.open("/stale")
	p.until("loaded three times", func() bool { return strings.HasSuffix(p.get("/counts"), " 3") })
	time.Sleep(1500 * time.Millisecond) // that nothing happens is what the test is about
	p.connected(1)
	if counts := p.get("/counts"); counts != "1 3" {
		t.Errorf("streams and loads: %s", counts)
	}
	b.clean()
}

func TestHiddenTab(t *testing.T) {
	p := newProgram(t)
	b := p.open("/")
	p.connected(1)
	state := func(s string) {
		b.run("Object.defineProperty(document, 'visibilityState', {value: '" + s + "', configurable: true}), document.dispatchEvent(new Event('visibilitychange'))")
	}
	state("hidden")
	p.connected(0)
	p.edit()
	p.served()
	b.shows(1)
	state("visible")
	b.shows(p.version)
	b.clean()
}

// More tabs than a browser opens connections: those that nobody sees do not starve the others.
func TestEightTabs(t *testing.T) {
	p := newProgram(t)
	var tabs []*tab
	for i := 0; i < 8; i++ {
		if i > 0 {
			tabs[i-1].run("Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true}), document.dispatchEvent(new Event('visibilitychange'))")
		}
		tabs = append(tabs, p.open("/"))
	}
	p.connected(1)
	p.edit()
	tabs[7].shows(p.version)
}

// A program that is gone, and is there again.
func TestProgramEnds(t *testing.T) {
	p := newProgram(t)
	b := p.open("/")
	p.connected(1)
	go p.get("/exit")
	b.is(badge + ".textContent.startsWith('no answer') && !" + badge + ".hidden")
	p.stop()
	p.start()
	b.shows(p.version)
	b.is("!document.querySelector('restarter-status')")
}

// A style sheet that has not changed for days may come from the cache, even if the page is loaded again.
func TestStyleSheetFollows(t *testing.T) {
	p := newProgram(t)
	style := func(red int, days time.Duration) {
		p.write("style.css", fmt.Sprintf("p { color: rgb(%d, 0, 0) }", red))
		then := time.Now().Add(-days * 24 * time.Hour)
		if err := os.Chtimes(filepath.Join(p.dir, "style.css"), then, then); err != nil {
			t.Fatal(err)
		}
	}
	style(1, 20)
	b := p.open("/styled")
	p.connected(1)
	b.is("getComputedStyle(document.querySelector('p')).color === 'rgb(1, 0, 0)'")
	style(2, 10)
	b.is("getComputedStyle(document.querySelector('p')).color === 'rgb(2, 0, 0)'")
	b.clean()
}

// A service worker that passes everything on, as that of an app which can be installed.
func TestServiceWorker(t *testing.T) {
	p := newProgram(t)
	b := p.open("/worker")
	b.do(chromedp.Evaluate("navigator.serviceWorker.ready.then(() => true)", nil,
		func(e *runtime.EvaluateParams) *runtime.EvaluateParams { return e.WithAwaitPromise(true) }))
	b.do(chromedp.Reload())
	b.is("navigator.serviceWorker.controller")
	p.connected(1)
	for i := 0; i < 2; i++ {
		p.edit()
		b.shows(p.version)
	}
	b.clean()
}

// Somebody who has typed something may stay on the page. It is asked once; the page hears what goes on, and follows the
// next edit.
func TestUserStays(t *testing.T) {
	p := newProgram(t)
	b := p.open("/stay")
	p.connected(1)
	asked := make(chan bool, 10)
	var stay atomic.Bool
	stay.Store(true)
	chromedp.ListenTarget(b.ctx, func(e any) {
		if e, ok := e.(*page.EventJavascriptDialogOpening); ok {
			asked <- e.Type == page.DialogTypeBeforeunload
			go chromedp.Run(b.ctx, page.HandleJavaScriptDialog(!stay.Load()))
		}
	})
	b.do(chromedp.SendKeys("#field", "typed"))
	p.edit()
	if !<-asked {
		t.Fatal("another dialog")
	}
	p.connected(1)
	p.publish(status.Failed, "main.go:1:1: no")
	b.is(dialog + ".open")
	b.is("document.title === '1'")
	p.publish(status.Same, "")
	if n := len(asked); n > 0 {
		t.Errorf("asked %d times more", n)
	}
	stay.Store(false)
	p.edit()
	b.shows(p.version)
	b.clean()
}

// A frame that has no origin is refused, so it does not try; the page around it follows with it.
func TestFrameInASandbox(t *testing.T) {
	p := newProgram(t)
	b := p.open("/frame")
	p.connected(1)
	b.run("window.old = true")
	p.edit()
	b.is("!window.old && document.readyState === 'complete'")
	b.clean()
}
