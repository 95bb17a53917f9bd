package restarthttp

import (
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/lib537/restarter"
	"github.com/lib537/restarter/internal/status"
)

const (
	ownPaths   = "/.restarter/"
	scriptPath = ownPaths + "reload.js"
	eventsPath = ownPaths + "events"
)

//go:embed reload.js
var script string

// LiveReload returns a handler that serves what h does, and makes the browser follow the program. After
// a restart a page reloads and keeps its scroll position. While the program is built, a badge says so.
// If the build fails, the page shows the compiler's messages, until a build succeeds or Escape is
// pressed. Outside a child of package restarter it returns h itself. A nil handler is
// [http.DefaultServeMux], as elsewhere.
//
// Pages get one script element, before the last </body> or at their end. A page is the answer to a GET
// by which a browser loads a document, with the type text/html, set or sniffed, and a status other than
// that of a redirection. Any other answer has the content that h gives it: one that h compresses, a
// download, a part of a page that a script fetches. If h sets no Cache-Control, the answer to a GET gets
// no-cache, so that a reload does not show an old style sheet.
//
// For a request that may load a page, LiveReload removes Accept-Encoding, If-None-Match and
// If-Modified-Since, so that h sends a full page. It removes ETag and Last-Modified from the page, since
// the page differs from what h sent.
//
// LiveReload answers all paths below /.restarter/ itself, so it must be reached at the root of the
// site. Make it the outermost handler, outside [http.StripPrefix]; only middleware that compresses may
// be outside it. A Content-Security-Policy needs 'self' for scripts and connections; if it has a nonce
// for scripts instead, the element has that. The stream of events ends when the program is told to
// restart, and when the server is shut down: it holds up neither. A tab that is not visible has no
// stream, and catches up when it is shown.
//
// The events carry lines of source code. Requests from other origins are refused. Against DNS
// rebinding, the lines are left out unless the request came over TLS, or its host is an IP address, a
// name without a dot, or a name under localhost, local, test or internal. Anyone else who can reach
// the server can read them.
func LiveReload(h http.Handler) http.Handler {
	if h == nil {
		h = http.DefaultServeMux // which middleware outside may call, in every process
	}
	if !restarter.IsChild() {
		return h
	}
	return newLiveReload(h, processID())
}

// processID names this process; the number that the system gives it may come again.
var processID = sync.OnceValue(func() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
})

type liveReload struct {
	h  http.Handler
	id string

	mu      sync.Mutex
	servers map[*http.Server]chan struct{} // closed when the server is shut down
}

func newLiveReload(h http.Handler, id string) *liveReload {
	return &liveReload{h: h, id: id, servers: make(map[*http.Server]chan struct{})}
}

func (l *liveReload) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == scriptPath:
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=86400") // its address has the name of the process
		w.Header().Set("X-Content-Type-Options", "nosniff")
		io.WriteString(w, script)
	case r.URL.Path == eventsPath && r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "this stream is for GET", http.StatusMethodNotAllowed)
	case r.URL.Path == eventsPath:
		l.serveEvents(w, r)
	case strings.HasPrefix(r.URL.Path, ownPaths):
		http.NotFound(w, r)
	case isForPage(r):
		r = r.Clone(r.Context())
		for _, name := range []string{"Accept-Encoding", "If-None-Match", "If-Modified-Since"} {
			r.Header.Del(name)
		}
		p := &page{ResponseWriter: w, ctx: r.Context(), http2: r.ProtoMajor > 1, scan: scanner{body: -1}, src: scriptPath + "?" + l.id,
			navigates: navigates(r), outer: w.Header().Get("Content-Encoding")}
		l.h.ServeHTTP(p, r)
		p.finish() // not after a panic
	case r.Method == http.MethodGet && r.Header.Get("Upgrade") == "":
		p := &page{ResponseWriter: w, ctx: r.Context(), http2: r.ProtoMajor > 1, never: true}
		l.h.ServeHTTP(p, r)
		p.finish()
	default:
		l.h.ServeHTTP(w, r)
	}
}

// navigates reports whether the browser says that it loads a document. A service worker that passes a request on
// hides Sec-Fetch-Dest, but not Sec-Fetch-Mode. A link that downloads looks the same, but accepts anything.
func navigates(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe", "frame":
		return true
	}
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && acceptsPages(r)
}

func acceptsPages(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// isForPage reports whether a browser asks for a document to show, now or later.
func isForPage(r *http.Request) bool {
	for _, name := range []string{"Range", "Upgrade", "HX-Request"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	if r.Method != http.MethodGet {
		return false
	}
	if navigates(r) {
		return true
	}
	// An old browser does not say. No browser does without TLS, except to localhost.
	mayBe := r.Header.Get("Sec-Fetch-Dest") == "" || strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch")
	return mayBe && acceptsPages(r)
}

// beat is the time after which a stream says something, so that both ends notice when it is dead.
// Chromium sometimes closes the connection of a stream that a page has closed only then.
var beat = 5 * time.Second // but in tests

// serveEvents sends events until the program is told to restart. The first is the name of the process.
func (l *liveReload) serveEvents(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		http.Error(w, "this stream is for the program's own pages", http.StatusForbidden)
		return
	}
	out := http.NewResponseController(w)
	out.SetWriteDeadline(time.Time{}) // the timeout of the server is not for streams
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no")
	h.Set("X-Content-Type-Options", "nosniff")

	shutdown := l.shutdownOf(r)
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	// Some middleware that compresses passes nothing on before there is enough to be worth it.
	io.WriteString(w, ":"+strings.Repeat(" ", 2<<10)+"\n")
	send(w, "hello", l.id)
	for {
		e, next := status.Current()
		if !mayHaveText(r) {
			e.Text = ""
		}
		send(w, kindName(e.Kind), e.Text)
		for waiting := true; waiting; {
			if out.Flush() != nil || e.Kind == status.Restarting {
				return
			}
			select {
			case <-next:
				waiting = false
			case <-ticker.C:
				send(w, "beat", "")
			case <-shutdown:
				return
			case <-r.Context().Done():
				return
			}
		}
	}
}

var lineEnds = strings.NewReplacer("\r\n", "\ndata: ", "\r", "\ndata: ", "\n", "\ndata: ")

func send(w io.Writer, event, data string) {
	io.WriteString(w, "event: "+event+"\ndata: "+lineEnds.Replace(data)+"\n\n")
}

// kindName is what the script calls a kind of event.
func kindName(k status.Kind) string {
	switch k {
	case status.Building:
		return "building"
	case status.Failed:
		return "failed"
	case status.Same:
		return "same"
	case status.Restarting:
		return "restarting"
	case status.Crashed:
		return "crashed"
	}
	return "idle"
}

// shutdownOf returns a channel that is closed when the server of the request is shut down.
func (l *liveReload) shutdownOf(r *http.Request) <-chan struct{} {
	srv, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.servers[srv]
	if !ok {
		c = make(chan struct{})
		l.servers[srv] = c
		srv.RegisterOnShutdown(sync.OnceFunc(func() { close(c) }))
	}
	return c
}

// sameOrigin reports whether no page of another origin asks, as far as the browser says.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

// mayHaveText reports whether the request's host is one that DNS rebinding cannot use: a name of
// another site that was made to point here.
func mayHaveText(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if net.ParseIP(host) != nil {
		return true
	}
	switch host[strings.LastIndexByte(host, '.')+1:] {
	case host, "localhost", "local", "test", "internal":
		return true
	}
	return false
}
