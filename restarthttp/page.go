package restarthttp

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A page is the writer of an answer. If the answer is HTML, it gets a script element. Unless it has a Cache-Control
// of its own, it gets no-cache. There are three stages: at first the answer is not known, then it is either let
// through or scanned.
type page struct {
	http.ResponseWriter
	ctx       context.Context // of the request
	src       string          // of the script
	navigates bool            // the browser says that it loads a document
	http2     bool            // or later
	never     bool            // the request was not for a page
	outer     string          // the Content-Encoding that middleware outside has set, and sees to

	stage  stage
	status int    // 0 until WriteHeader
	held   []byte // unknown: all; scanned: from the last </body on, or what may become one
	scan   scanner
	tag    string
	start  []byte      // scanned: the first bytes of the answer
	header http.Header // unknown: as it was when the answer began
	err    error
}

type stage int

const (
	unknown stage = iota
	through
	scanned
)

const (
	sniffed = 512  // bytes by which the type of an answer is known, as in net/http
	trailer = 4096 // bytes after a </body that are held back, since another may follow
)

func (p *page) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *page) WriteHeader(status int) {
	if p.status != 0 {
		p.superfluous()
		return
	}
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		p.ResponseWriter.WriteHeader(status) // and another follows
		return
	}
	p.status = status
	if _, typed := p.Header()["Content-Type"]; typed || !p.canBePage() {
		p.decide()
	} else {
		p.header = p.Header().Clone()
	}
}

// superfluous logs who has called WriteHeader again, as net/http does over HTTP/1. That would name this package, and
// knows nothing yet of an answer that is held.
func (p *page) superfluous() {
	srv, ok := p.ctx.Value(http.ServerContextKey).(*http.Server)
	if !ok || p.http2 {
		return
	}
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])]) // from that of WriteHeader on
	frame, more := frames.Next()
	for more && strings.HasPrefix(frame.Function, "net/http.") { // http.Error, say
		frame, more = frames.Next()
	}
	logf := log.Printf
	if srv.ErrorLog != nil {
		logf = srv.ErrorLog.Printf
	}
	logf("http: superfluous response.WriteHeader call from %s (%s:%d)", frame.Function, filepath.Base(frame.File), frame.Line)
}

// canBePage reports whether the answer may be a page, whatever its type is.
func (p *page) canBePage() bool {
	h := p.Header()
	switch {
	case p.never, p.status < 200, p.status >= 300 && p.status < 400,
		p.status == http.StatusNoContent, p.status == http.StatusResetContent, p.status == http.StatusPartialContent:
		return false
	}
	disposition, _, _ := mime.ParseMediaType(h.Get("Content-Disposition"))
	return h.Get("Content-Encoding") == p.outer && h.Get("Content-Range") == "" && disposition != "attachment"
}

// decide sends the header, now that the type of the answer is set, or its first bytes are held.
func (p *page) decide() {
	h := p.Header()
	if p.header != nil {
		// What the handler has set since comes too late, as without LiveReload, unless it is a trailer.
		late := h.Clone()
		for name, values := range p.header {
			if slices.Equal(values, late[name]) {
				delete(late, name)
			}
			h[name] = values
		}
		for name := range late {
			h[name] = p.header[name]
			if h[name] == nil {
				delete(h, name)
			}
		}
		defer func() {
			for name, values := range late {
				h[name] = values
			}
		}()
	}
	if _, typed := h["Content-Type"]; !typed && p.canBePage() && len(p.held) > 0 {
		if t := http.DetectContentType(p.held); isHTML(t) {
			h.Set("Content-Type", t)
		}
	}
	p.stage = through
	if p.canBePage() && isHTML(h.Get("Content-Type")) {
		p.stage = scanned
		for _, name := range []string{"Content-Length", "ETag", "Last-Modified", "Accept-Ranges"} {
			h.Del(name)
		}
		p.tag = "<script src=\"" + p.src + "\"" + nonce(h) + " defer></script>"
	}
	p.fresh()
	p.ResponseWriter.WriteHeader(p.status)
	held := p.held
	p.held = nil
	if len(held) > 0 {
		p.put(held)
	}
}

// fresh makes the browser ask again before it shows an answer from its cache, unless the handler has said something
// about that.
func (p *page) fresh() {
	if h := p.Header(); h["Cache-Control"] == nil {
		h.Set("Cache-Control", "no-cache")
	}
}

func isHTML(contentType string) bool {
	name, parameters, _ := mime.ParseMediaType(contentType)
	return name == "text/html" && !strings.HasPrefix(strings.ToLower(parameters["charset"]), "utf-16")
}

// nonce returns the attribute by which a policy lets a script run, if it has one.
func nonce(h http.Header) string {
	for _, policy := range strings.Split(strings.Join(h["Content-Security-Policy"], ","), ",") {
		_, rest, _ := strings.Cut(scriptSources(policy), "'nonce-")
		value, _, ok := strings.Cut(rest, "'")
		if ok && !strings.ContainsAny(value, "\"<>&") {
			return " nonce=\"" + value + "\""
		}
	}
	return ""
}

// scriptSources returns the sources that a policy allows for scripts.
func scriptSources(policy string) string {
	directives := make(map[string]string)
	for _, d := range strings.Split(policy, ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(d), " ")
		directives[strings.ToLower(name)] = sources
	}
	for _, name := range []string{"script-src-elem", "script-src", "default-src"} {
		if sources, ok := directives[name]; ok {
			return sources
		}
	}
	return ""
}

func (p *page) Write(b []byte) (int, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.stage == through {
		return p.ResponseWriter.Write(b)
	}
	if p.stage == unknown {
		p.held = append(p.held, b...)
		if len(p.held) >= sniffed {
			p.decide()
		}
		return len(b), p.err
	}
	p.put(b)
	return len(b), p.err
}

// put writes to the answer, but holds back what the script may have to precede.
func (p *page) put(b []byte) {
	if p.stage == through {
		p.send(b)
		return
	}
	if n := 64 - len(p.start); n > 0 {
		p.start = append(p.start, b[:min(n, len(b))]...)
	}
	p.held = append(p.held, b...)
	p.scan.scan(b)
	if p.scan.body >= 0 && p.scan.at-p.scan.body > trailer {
		p.scan.body = -1
	}
	p.release()
}

// release sends what the script need not precede.
func (p *page) release() {
	n := len(p.held) - (p.scan.at - p.scan.undecided())
	p.send(p.held[:n])
	p.held = append(p.held[:0], p.held[n:]...)
}

func (p *page) send(b []byte) {
	if p.err == nil && len(b) > 0 {
		_, p.err = p.ResponseWriter.Write(b)
	}
}

// FlushError passes on what there is, but for the beginning of a </body. A </body that nothing but
// </html> follows is taken for the last.
func (p *page) FlushError() error {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.stage == unknown {
		p.decide()
	}
	if p.stage == scanned {
		if p.scan.body >= 0 && isTail(p.held) {
			p.insert(0)
		} else {
			p.scan.body = -1
			p.release()
		}
	}
	if p.err != nil {
		return p.err
	}
	return http.NewResponseController(p.ResponseWriter).Flush()
}

func (p *page) Flush() { p.FlushError() }

// isTail reports whether this is how a page ends, from its </body on.
func isTail(b []byte) bool {
	i := bytes.IndexByte(b, '>')
	rest := bytes.TrimSpace(b[i+1:])
	return i >= 0 && (len(rest) == 0 || strings.EqualFold(string(rest), "</html>"))
}

// insert sends what is held, with the script in its place, and lets the rest through.
func (p *page) insert(at int) {
	p.send(p.held[:at])
	p.send([]byte(p.tag))
	p.send(p.held[at:])
	p.held, p.stage = nil, through
}

// finish sends what is held, when the handler has returned.
func (p *page) finish() {
	if p.stage == unknown && p.status != 0 {
		p.decide()
	}
	if p.status == 0 {
		p.fresh() // net/http answers with an empty page
	}
	if p.stage != scanned {
		return
	}
	switch {
	case p.scan.body >= 0:
		p.insert(0)
	case p.navigates || isDocument(p.start):
		p.insert(len(p.held))
	default:
		p.send(p.held)
	}
}

// isDocument tells by its first bytes a page from a part of one.
func isDocument(start []byte) bool {
	s := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(start, []byte("\ufeff")))))
	return strings.HasPrefix(s, "<!doctype") || strings.HasPrefix(s, "<html")
}

// ReadFrom has files sent by the system where they are no pages.
func (p *page) ReadFrom(r io.Reader) (int64, error) {
	if p.status == 0 {
		p.WriteHeader(http.StatusOK)
	}
	if p.stage == through {
		return io.Copy(p.ResponseWriter, r)
	}
	return io.Copy(struct{ io.Writer }{p}, r)
}

// CloseNotify is for handlers that still ask the writer itself for it, as those of gin do.
func (p *page) CloseNotify() <-chan bool {
	if n, ok := p.ResponseWriter.(http.CloseNotifier); ok {
		return n.CloseNotify()
	}
	gone := make(chan bool, 1)
	context.AfterFunc(p.ctx, func() { gone <- true })
	return gone
}

// Hijack is for handlers that ask the writer itself for it.
func (p *page) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(p.ResponseWriter).Hijack()
	if err == nil {
		p.stage = through
	}
	return conn, rw, err
}
