package restarthttp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/status"
)

func TestLiveReloadOutsideAChild(t *testing.T) {
	h := &liveReload{}
	if LiveReload(h) != h {
		t.Error("another handler is returned where there is no parent")
	}
	if LiveReload(nil) != http.Handler(http.DefaultServeMux) {
		t.Error("no handler is not http.DefaultServeMux")
	}
}

func TestProcessID(t *testing.T) {
	if id := processID(); len(id) != 16 || id != processID() {
		t.Error(id)
	}
}

func TestOwnPaths(t *testing.T) {
	l := newLiveReload(http.HandlerFunc(hello), "id")
	for path, want := range map[string]string{
		"/.restarter/reload.js?id": script,
		"/.restarter/other":        "404 page not found\n",
		"/.restarter":              "hello",
		"/a/.restarter/reload.js":  "hello",
	} {
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if got := w.Body.String(); got != want {
			t.Errorf("%s: %.40q", path, got)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to other origins", path)
		}
	}
}

// A stream of events, as a client reads it.
type stream struct {
	*testing.T
	lines *bufio.Reader
	close func() error
}

func follow(t *testing.T, url string, header ...string) *stream {
	t.Helper()
	r, _ := http.NewRequest("GET", url+eventsPath, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(resp.Status, resp.Header)
	}
	return &stream{t, bufio.NewReader(resp.Body), resp.Body.Close}
}

// expect reads events, each written as "kind: text".
func (s *stream) expect(events ...string) {
	s.Helper()
	for _, want := range events {
		kind, data := "", []string(nil)
		for {
			line, err := s.lines.ReadString('\n')
			if err != nil {
				s.Fatalf("%v; want %q", err, want)
			}
			if line = strings.TrimSuffix(line, "\n"); line == "" {
				break
			}
			switch name, value, _ := strings.Cut(line, ": "); name {
			case "event":
				kind = value
			case "data":
				data = append(data, value)
			case "": // a comment, long enough to be worth compressing
				if len(value) < 1400 {
					s.Errorf("a comment of %d bytes", len(value))
				}
			default:
				s.Errorf("line %q", line)
			}
		}
		if got := kind + ": " + strings.Join(data, "\n"); got != want {
			s.Fatalf("event %q, want %q", got, want)
		}
	}
}

// ends waits for the end of the stream, which has to be a clean one: a browser tells of another.
func (s *stream) ends() {
	s.Helper()
	if b, err := io.ReadAll(s.lines); err != nil || len(b) > 0 {
		s.Errorf("%q, %v", b, err)
	}
}

func publish(t *testing.T, k status.Kind, text string) {
	t.Helper()
	t.Cleanup(func() { status.Publish(status.Event{}) })
	status.Publish(status.Event{Kind: k, Text: text})
}

func TestEvents(t *testing.T) {
	srv := httptest.NewServer(newLiveReload(nil, "me"))
	t.Cleanup(srv.Close) // after that of the streams
	s := follow(t, srv.URL)
	s.expect("hello: me", "idle: ")
	for _, e := range []struct {
		kind       status.Kind
		text, want string
	}{
		{status.Building, "", "building: "},
		{status.Failed, "# app\n./a.go:1:2: no\r\n\n\ttab\revent: x", "failed: # app\n./a.go:1:2: no\n\n\ttab\nevent: x"},
		{status.Same, "", "same: "},
		{status.Crashed, "exit status 2", "crashed: exit status 2"},
		{status.Idle, "", "idle: "},
	} {
		publish(t, e.kind, e.text)
		s.expect(e.want)
	}
	publish(t, status.Failed, "words")
	s.expect("failed: words")
	late := follow(t, srv.URL)
	late.expect("hello: me", "failed: words")
	publish(t, status.Restarting, "")
	for _, s := range []*stream{s, late} {
		s.expect("restarting: ")
		s.ends()
	}
}

func TestEventsAreForOwnPages(t *testing.T) {
	for _, test := range []struct {
		header []string
		want   int
	}{
		{[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Sec-Fetch-Site", "none"}, 200},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Origin", "http://example.com"}, 200},
		{[]string{"Origin", "https://example.com"}, 200},
		{[]string{"Origin", "http://example.com:81"}, 403},
		{[]string{"Origin", "http://evil.example"}, 403},
		{[]string{"Origin", "null"}, 403},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r := httptest.NewRequest("GET", eventsPath, nil).WithContext(ctx)
		r.Header.Set(test.header[0], test.header[1])
		w := httptest.NewRecorder()
		newLiveReload(nil, "me").ServeHTTP(w, r)
		if w.Code != test.want || w.Code == 403 && strings.Contains(w.Body.String(), "event") {
			t.Errorf("%v: %d, %s", test.header, w.Code, w.Body)
		}
	}
}

func TestEventsAreForGet(t *testing.T) {
	for _, method := range []string{"HEAD", "POST", "OPTIONS"} {
		w := httptest.NewRecorder()
		newLiveReload(nil, "me").ServeHTTP(w, httptest.NewRequest(method, eventsPath, nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
}

// The name of a stranger's site can lead here; the words are not for its pages.
func TestTextIsForLocalNames(t *testing.T) {
	publish(t, status.Failed, "secret")
	srv := httptest.NewServer(newLiveReload(nil, "me"))
	t.Cleanup(srv.Close)
	for host, want := range map[string]string{
		"localhost:8080": "secret", "LOCALHOST": "secret", "127.0.0.1:80": "secret", "[::1]:80": "secret", "[fe80::1%25eth0]": "secret",
		"desk:8080": "secret", "desk.local": "secret", "app.localhost": "secret", "app.test.": "secret",
		"evil.example": "", "evil.example:8080": "", "localhost.evil.example": "", "127.0.0.1.evil.example": "", "local.evil": "",
	} {
		s := follow(t, srv.URL, "Host", host)
		s.expect("hello: me", "failed: "+want)
		s.close()
	}
	r := httptest.NewRequest("GET", "https://shop.example/", nil)
	if !mayHaveText(r) {
		t.Error("a page that came by TLS is told nothing")
	}
}

func TestStreamBeats(t *testing.T) {
	was := beat
	beat = time.Millisecond
	defer func() { beat = was }()
	srv := httptest.NewServer(newLiveReload(nil, "me"))
	t.Cleanup(srv.Close)
	s := follow(t, srv.URL)
	s.expect("hello: me", "idle: ", "beat: ", "beat: ")
	publish(t, status.Restarting, "") // so that no stream reads beat any more
	for {
		if line, err := s.lines.ReadString('\n'); err != nil || strings.Contains(line, "restarting") {
			return
		}
	}
}

// Whoever ends it, no stream holds up a server.
func TestStreamsEnd(t *testing.T) {
	t.Run("Shutdown", func(t *testing.T) {
		srv := httptest.NewServer(newLiveReload(nil, "me"))
		t.Cleanup(srv.Close)
		a, b := follow(t, srv.URL), follow(t, srv.URL)
		a.expect("hello: me", "idle: ")
		b.expect("hello: me", "idle: ")
		if err := srv.Config.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		a.ends()
		b.ends()
	})
	t.Run("Serve", func(t *testing.T) {
		r := start(t, listen(t), &http.Server{Handler: newLiveReload(nil, "me")})
		s := follow(t, "http://"+r.addr, "Accept", "text/event-stream") // as browsers do
		s.expect("hello: me", "idle: ")
		r.cancel()
		if d := r.ends(); d > 900*time.Millisecond {
			t.Error("left after", d)
		}
		s.ends()
	})
}

// The timeouts of a server are for requests, not for the stream.
func TestStreamOutlivesTimeouts(t *testing.T) {
	srv := httptest.NewUnstartedServer(newLiveReload(nil, "me"))
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	srv.Start()
	t.Cleanup(srv.Close)
	s := follow(t, srv.URL)
	s.expect("hello: me", "idle: ")
	time.Sleep(120 * time.Millisecond) // what the test is about
	for i := 0; i < 2; i++ {
		publish(t, status.Failed, fmt.Sprint(i))
		s.expect("failed: " + fmt.Sprint(i))
	}
	publish(t, status.Restarting, "")
	s.expect("restarting: ")
	s.ends()
}

func TestStreamOverHTTP2(t *testing.T) {
	srv := httptest.NewUnstartedServer(newLiveReload(nil, "me"))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	resp, err := srv.Client().Get(srv.URL + eventsPath)
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{t, bufio.NewReader(resp.Body), resp.Body.Close}
	s.expect("hello: me", "idle: ")
	publish(t, status.Restarting, "")
	s.expect("restarting: ")
	s.ends()
	if resp.ProtoMajor != 2 {
		t.Error(resp.Proto)
	}
}
