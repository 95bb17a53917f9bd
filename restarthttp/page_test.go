package restarthttp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const element = `<script src="/.restarter/reload.js?id" defer></script>`

// fetch asks a server with LiveReload as a browser that loads a document does, unless change says
// otherwise.
func fetch(t *testing.T, h http.HandlerFunc, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	srv := httptest.NewServer(newLiveReload(h, "id"))
	defer srv.Close()
	r, err := http.NewRequest("GET", srv.URL+"/page", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Accept-Encoding", "gzip, br")
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if n := resp.ContentLength; r.Method != "HEAD" && n >= 0 && n != int64(len(body)) {
		t.Errorf("Content-Length %d of %d bytes", n, len(body))
	}
	return resp, string(body)
}

func answer(header string, parts ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		setHeader(w, header)
		for _, part := range parts {
			if part == "flush" {
				w.(http.Flusher).Flush()
			} else {
				io.WriteString(w, part)
			}
		}
	}
}

func setHeader(w http.ResponseWriter, header string) {
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(header + "\r\n\r\n"))).ReadMIMEHeader()
	if err != nil && header != "" {
		panic(err)
	}
	for name, values := range h {
		w.Header()[name] = values
	}
}

// The place of the script in a page is that of an S.
func TestScriptIsInserted(t *testing.T) {
	const html = "Content-Type: text/html"
	long := strings.Repeat("<p>much</p>\n", 1000)
	for _, test := range []struct {
		name   string
		header string
		parts  []string
		want   string
		dest   string
	}{
		{"at the end of the body", html, []string{"<html><body>x</body></html>"}, "<html><body>xS</body></html>", ""},
		{"of any case", html, []string{"<body>x</BoDy >"}, "<body>xS</BoDy >", ""},
		{"sniffed", "", []string{"<!doctype html><body>x</body>"}, "<!doctype html><body>xS</body>", ""},
		{"sniffed in little parts", "", []string{"<!", "doc", "type html><bo", "dy>x</body>"}, "<!doctype html><body>xS</body>", ""},
		{"sniffed, long", "", []string{"<html>", long, "</body>"}, "<html>" + long + "S</body>", ""},
		{"over parts", html, []string{"<body>x<", "/b", "ody", ">", "</html>"}, "<body>xS</body></html>", ""},
		{"at the last", html, []string{"<body>'</body>' x", "</body>\n"}, "<body>'</body>' xS</body>\n", ""},
		{"at the last of many parts", html, []string{"a</body>", long, "b</body>"}, "a</body>" + long + "bS</body>", ""},
		{"no other name", html, []string{"<html>a</bodyguard>"}, "<html>a</bodyguard>S", ""},
		{"at the end of a document", html, []string{" \n<!DOCTYPE html><p>x"}, " \n<!DOCTYPE html><p>xS", ""},
		{"with half a body at its end", html, []string{"<html>x</bo"}, "<html>x</boS", ""},
		{"at the end of what is loaded as a document", html, []string{"<p>x"}, "<p>xS", "document"},
		{"in a frame", html, []string{"<p>x"}, "<p>xS", "iframe"},
		{"not in a script", html, []string{"<html><body><script>x('</body>')</scRIPT >y"}, "<html><body><script>x('</body>')</scRIPT >yS", ""},
		{"after a script", html, []string{"<html><script>a</b</script ></body>"}, "<html><script>a</b</script >S</body>", ""},
		{"not in a comment", html, []string{"<html>x</body></html><!-- </body> ->> -->\n"}, "<html>xS</body></html><!-- </body> ->> -->\n", ""},
		{"after a short comment", html, []string{"<html><!--></body><!---->"}, "<html><!-->S</body><!---->", ""},
		{"not in an attribute", html, []string{"<html><iframe srcdoc='<body></body>'></body></iframe>"}, "<html><iframe srcdoc='<body></body>'></body></iframe>S", ""},
		{"after a quote that is none", html, []string{"<html><p it's>x</body>"}, "<html><p it's>xS</body>", ""},
		{"flushed", html, []string{"<html><p>x", "flush", "y</body>", "flush", "\n"}, "<html><p>xyS</body>\n", ""},
		{"flushed in the middle", html, []string{"<html>'</body>' x</b", "flush", "ody>"}, "<html>'</body>' xS</body>", ""},
		{"flushed before anything", html, []string{"flush", "<html>"}, "<html>S", ""},
		{"empty document", html, nil, "", ""},

		{"part of a page", html, []string{"<p>x</p>"}, "<p>x</p>", ""},
		{"with a policy", html + "\r\nContent-Security-Policy: script-src 'nonce-aB3='", []string{"<html></body>"}, "<html>N</body>", ""},
		{"with a policy of several nonces", html + "\r\nContent-Security-Policy: style-src 'nonce-style'; Script-Src 'self' 'nonce-aB3='", []string{"<html></body>"}, "<html>N</body>", ""},
		{"with a policy of styles", html + "\r\nContent-Security-Policy: default-src 'self'; style-src 'nonce-style'", []string{"<html></body>"}, "<html>S</body>", ""},
		{"with a policy of elements", html + "\r\nContent-Security-Policy: script-src 'nonce-no'; script-src-elem 'nonce-aB3='", []string{"<html></body>"}, "<html>N</body>", ""},
		{"a download", html + "\r\nContent-Disposition: attachment; filename=a.html", []string{"<html></body>"}, "<html></body>", ""},
		{"compressed", html + "\r\nContent-Encoding: br", []string{"<html></body>"}, "<html></body>", ""},
		{"plain text", "Content-Type: text/plain", []string{"<html></body>"}, "<html></body>", ""},
		{"sniffed text", "", []string{"look: <html></body>"}, "look: <html></body>", "document"},
		{"of two bytes", "Content-Type: text/html; charset=UTF-16LE", []string{"<html></body>"}, "<html></body>", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var change func(*http.Request)
			if test.dest != "" {
				change = func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", test.dest) }
			}
			_, body := fetch(t, answer(test.header, test.parts...), change)
			want := strings.Replace(test.want, "S", element, 1)
			want = strings.Replace(want, "N", strings.Replace(element, " defer", ` nonce="aB3=" defer`, 1), 1)
			if body != want {
				t.Errorf("%d bytes: %.300q, want %.300q", len(body), body, want)
			}
		})
	}
}

// Whatever the parts are in which a page is written, it is the same page.
func TestScriptIsInsertedOverAnyParts(t *testing.T) {
	const page = "<html>'</body>' a</bod> b<</body\n></HTML >"
	want := strings.Replace(page, "</body\n", element+"</body\n", 1)
	for i := 0; i <= len(page); i++ {
		for j := i; j <= len(page); j++ {
			w := httptest.NewRecorder()
			p := &recorded{w}
			p.serve(answer("Content-Type: text/html", page[:i], page[i:j], page[j:]))
			if got := w.Body.String(); got != want {
				t.Fatalf("%q %q %q: %q", page[:i], page[i:j], page[j:], got)
			}
		}
	}
}

// recorded serves a page into a recorder.
type recorded struct{ w *httptest.ResponseRecorder }

func (p *recorded) serve(h http.HandlerFunc) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept", "text/html")
	newLiveReload(h, "id").ServeHTTP(p.w, r)
}

// Handlers that still ask the writer for it learn that the client has gone, whatever writer is outside.
func TestCloseNotify(t *testing.T) {
	for _, outside := range []bool{false, true} {
		asked, told := make(chan bool), make(chan bool)
		h := newLiveReload(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			gone := w.(http.CloseNotifier).CloseNotify()
			asked <- true
			<-gone
			told <- true
		}), "id")
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if outside {
				w = struct{ http.ResponseWriter }{w}
			}
			h.ServeHTTP(w, r)
		}))
		ctx, cancel := context.WithCancel(context.Background())
		r, _ := http.NewRequestWithContext(ctx, "GET", srv.URL, nil)
		r.Header.Set("Accept", "text/html")
		go http.DefaultClient.Do(r)
		<-asked
		cancel()
		<-told
		srv.Close()
	}
}

// What follows a </body is held back, but not all of a long page.
func TestLittleIsHeldBack(t *testing.T) {
	rec := httptest.NewRecorder()
	(&recorded{rec}).serve(func(w http.ResponseWriter, r *http.Request) {
		long := "<html>'</body>'" + strings.Repeat("x", 10000)
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, long)
		if n := rec.Body.Len(); n != len(long) {
			t.Errorf("%d of %d bytes are passed on", n, len(long))
		}
	})
}

func TestStatusesOfPages(t *testing.T) {
	for status, want := range map[int]bool{200: true, 201: true, 404: true, 500: true, 204: false, 302: false, 304: false} {
		_, body := fetch(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			io.WriteString(w, "<html></body>")
		}, nil)
		if got := strings.Contains(body, element); got != want {
			t.Errorf("status %d: %v", status, got)
		}
	}
}

// What is no request for a page is passed on as it is, answer and request.
func TestRequestsForPages(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		want   bool
	}{
		{"page", func(r *http.Request) {}, true},
		{"HEAD", func(r *http.Request) { r.Method = "HEAD" }, false},
		{"POST", func(r *http.Request) { r.Method = "POST" }, false},
		{"Range", func(r *http.Request) { r.Header.Set("Range", "bytes=0-99") }, false},
		{"other types", func(r *http.Request) { r.Header.Set("Accept", "*/*") }, false},
		{"htmx", func(r *http.Request) { r.Header.Set("HX-Request", "true") }, false},
		{"fetch", func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "empty") }, false},
		{"image", func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "image") }, false},
		{"document", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Dest", "document")
			r.Header.Set("Accept", "*/*")
		}, true},
		{"document by a service worker", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Dest", "empty")
			r.Header.Set("Sec-Fetch-Mode", "navigate")
		}, true},
		{"link that downloads", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Dest", "empty")
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			r.Header.Del("Accept")
		}, false},
		{"prefetch", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Dest", "empty")
			r.Header.Set("Sec-Purpose", "prefetch;prerender")
		}, true},
		{"prefetch of an image", func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Dest", "empty")
			r.Header.Set("Sec-Purpose", "prefetch")
			r.Header.Set("Accept", "image/*")
		}, false},
	} {
		var seen http.Header
		resp, body := fetch(t, func(w http.ResponseWriter, r *http.Request) {
			seen = r.Header
			w.Header().Set("ETag", `"x"`)
			w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
			w.Header().Set("Cache-Control", "max-age=60")
			answer("Content-Type: text/html\r\nContent-Length: 13", "<html></body>")(w, r)
		}, func(r *http.Request) {
			r.Header.Set("If-None-Match", `"x"`)
			r.Header.Set("If-Modified-Since", "Mon, 02 Jan 2006 15:04:05 GMT")
			test.change(r)
		})
		if got := strings.Contains(body, element); got != test.want {
			t.Errorf("%s: %v, %q", test.name, got, body)
		}
		for _, name := range []string{"Accept-Encoding", "If-None-Match", "If-Modified-Since"} {
			if got := seen.Get(name) != ""; got == test.want {
				t.Errorf("%s: the handler sees %s: %v", test.name, name, got)
			}
		}
		for _, name := range []string{"Etag", "Last-Modified"} {
			if got := resp.Header.Get(name) != ""; got == test.want {
				t.Errorf("%s: the answer has %s: %v", test.name, name, got)
			}
		}
		if resp.Header.Get("Cache-Control") != "max-age=60" {
			t.Errorf("%s: Cache-Control: %q", test.name, resp.Header.Get("Cache-Control"))
		}
	}
}

// What a handler flushes is there before it ends.
func TestPageIsStreamed(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(newLiveReload(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html>first</b")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-release
		io.WriteString(w, "ody>")
	}), "id"))
	defer srv.Close()
	r, _ := http.NewRequest("GET", srv.URL, nil)
	r.Header.Set("Accept", "text/html")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, len("<html>first"))
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "<html>first" {
		t.Fatalf("%q, %v", first, err)
	}
	close(release)
	if rest, err := io.ReadAll(resp.Body); err != nil || string(rest) != element+"</body>" {
		t.Errorf("%q, %v", rest, err)
	}
}

// The answer before the answer, trailers, deadlines and a hijacked connection go through a page.
func TestPageKeepsWhatAWriterCan(t *testing.T) {
	hints := 0
	resp, body := fetch(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "Sum")
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "<html>")
		w.Header().Set("Sum", "1")
	}, func(r *http.Request) {
		trace := &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { hints++; return nil }}
		*r = *r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
	})
	if hints != 1 || resp.StatusCode != http.StatusAccepted || body != "<html>"+element || resp.Trailer.Get("Sum") != "1" {
		t.Errorf("%d hints, %s, %q, trailer %v", hints, resp.Status, body, resp.Trailer)
	}

	_, body = fetch(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<html>")
	}, nil)
	if body != "<html>" {
		t.Errorf("hijacked: %q", body)
	}
}

// A readFrom is a writer that knows how it was given the answer.
type readFrom struct {
	http.ResponseWriter
	n int64
}

func (w *readFrom) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(struct{ io.Writer }{w.ResponseWriter}, r)
	w.n += n
	return n, err
}

func TestFilesAreSentByTheSystem(t *testing.T) {
	dir := t.TempDir()
	big := strings.Repeat("x", 10000)
	for _, test := range []struct {
		name, text, want string
		direct           bool
	}{
		{"a.png", big, big, true},
		{"a.html", "<html>" + big, "<html>" + big + element, false},
		{"a.unknown", "\x00" + big, "\x00" + big, true},
	} {
		path := filepath.Join(dir, test.name)
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		w := &readFrom{ResponseWriter: rec}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", "text/html")
		newLiveReload(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) }), "id").ServeHTTP(w, r)
		if got := rec.Body.String(); got != test.want || (w.n > 0) != test.direct {
			t.Errorf("%s: %.40q, %d bytes by ReadFrom", test.name, got, w.n)
		}
	}
}

// After a panic the client sees that the page is not whole.
func TestPageOfAPanic(t *testing.T) {
	srv := httptest.NewServer(newLiveReload(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html>"+strings.Repeat("x", 5000))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}), "id"))
	defer srv.Close()
	r, _ := http.NewRequest("GET", srv.URL, nil)
	r.Header.Set("Accept", "text/html")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || bytes.Contains(b, []byte(element)) {
		t.Errorf("%v, %d bytes", err, len(b))
	}
}

// An answer that is no page is what it is without LiveReload.
func TestOthersAreTheSame(t *testing.T) {
	for i, h := range []http.HandlerFunc{
		answer("", "text"),
		answer("Content-Length: 4", "text"),
		answer("Content-Type: application/json", "{}"),
		answer("", "\x89PNG\r\n\x1a\n"),
		answer("", strings.Repeat("text ", 1000)),
		answer("", "a", "flush", "b"),
		answer(""),
		func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) },
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", 302) },
		func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", 500) },
		func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, "<html>")
		},
	} {
		raw := func(h http.Handler) string {
			srv := httptest.NewServer(h)
			defer srv.Close()
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			resp.Header.Del("Date")
			resp.Header.Del("Cache-Control") // see TestCacheControl
			return fmt.Sprint(resp.Status, resp.Header, resp.ContentLength, resp.TransferEncoding, string(b))
		}
		if with, without := raw(newLiveReload(h, "id")), raw(h); with != without {
			t.Errorf("%d: %.300q\nwithout: %.300q", i, with, without)
		}
	}
}

// What is loaded again after a restart must not come from the browser's cache, unless the handler says how long it may.
func TestCacheControl(t *testing.T) {
	for _, test := range []struct {
		method, accept string
		set, want      string
	}{
		{"GET", "text/css", "", "no-cache"},
		{"GET", "text/html", "", "no-cache"},
		{"GET", "text/css", "max-age=60", "max-age=60"},
		{"GET", "text/html", "max-age=60", "max-age=60"},
		{"POST", "text/html", "", ""},
	} {
		resp, _ := fetch(t, func(w http.ResponseWriter, r *http.Request) {
			if test.set != "" {
				w.Header().Add("Cache-Control", test.set) // as a reverse proxy does
			}
			io.WriteString(w, "<html>")
		}, func(r *http.Request) {
			r.Method = test.method
			r.Header.Set("Accept", test.accept)
		})
		if got := strings.Join(resp.Header["Cache-Control"], ", "); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

// What a handler sets in the header after it has begun to answer is not sent, as without LiveReload: else a fault would show in
// production alone. Trailers are.
func TestLateHeader(t *testing.T) {
	for _, accept := range []string{"text/html", "text/css"} {
		resp, _ := fetch(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "Sum")
			w.Header().Set("Early", "1")
			io.WriteString(w, "<html>")
			w.Header().Set("Late", "1")
			w.Header().Set("Sum", "1")
			w.Header().Del("Early")
		}, func(r *http.Request) { r.Header.Set("Accept", accept) })
		if resp.Header.Get("Early") != "1" || resp.Header.Get("Late") != "" || resp.Header.Get("Sum") != "" || resp.Trailer.Get("Sum") != "1" {
			t.Errorf("%s: header %v, trailer %v", accept, resp.Header, resp.Trailer)
		}
	}
}

// Middleware outside may send the header later than it is told to: it must not find there again what was taken away.
func TestHeaderForMiddleware(t *testing.T) {
	w := httptest.NewRecorder()
	p := &recorded{w}
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "6")
		w.Header().Set("ETag", "x")
		io.WriteString(w, "<html>")
		w.Header().Set("Late", "1")
	})
	h := w.Header() // the map that the handler had
	if h.Get("Content-Length") != "" || h.Get("ETag") != "" || !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		t.Errorf("%v", h)
	}
	if !strings.HasSuffix(w.Body.String(), "</script>") {
		t.Errorf("%q", w.Body)
	}
}

// Whoever calls WriteHeader again is named in the log as without LiveReload, whether the answer was sent or is held.
func TestSuperfluousWriteHeader(t *testing.T) {
	before := func(w http.ResponseWriter, length int) { io.WriteString(w, "<html>"+strings.Repeat(" ", length)) }
	for name, h := range map[string]http.HandlerFunc{
		"held": func(w http.ResponseWriter, r *http.Request) {
			before(w, 10)
			http.Error(w, "failed", 500)
		},
		"sent": func(w http.ResponseWriter, r *http.Request) {
			before(w, 10000)
			http.Error(w, "failed", 500)
		},
		"not a page": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(204)
			w.WriteHeader(200)
		},
		"early hints": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(200)
			w.WriteHeader(103)
		},
		"once": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			w.WriteHeader(200)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, accept := range []string{"text/html", "*/*"} {
				logs := make(map[bool]string)
				for _, reloads := range []bool{false, true} {
					var said bytes.Buffer
					srv := httptest.NewUnstartedServer(h)
					if reloads {
						srv.Config.Handler = newLiveReload(h, "id")
					}
					srv.Config.ErrorLog = log.New(&said, "", 0)
					srv.Start()
					r, _ := http.NewRequest("GET", srv.URL, nil)
					r.Header.Set("Accept", accept)
					resp, err := http.DefaultTransport.RoundTrip(r)
					if err != nil {
						t.Fatal(err)
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
					srv.Close() // waits for the handler
					logs[reloads] = said.String()
				}
				if logs[true] != logs[false] || strings.Contains(logs[true], "TestSuperfluous") != (name != "once") {
					t.Errorf("%s: the log has %q, without LiveReload %q", accept, logs[true], logs[false])
				}
			}
		})
	}
}
