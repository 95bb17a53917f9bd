package restarthttp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A socket outlives the servers that listen at it, as with restarter.Listen.
type socket struct{ file *os.File }

func newSocket(t *testing.T) *socket {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("a socket cannot have two listeners here")
	}
	ln := listen(t)
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &socket{file}
}

func (s *socket) listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.FileListener(s.file)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// A running is a server that Serve runs.
type running struct {
	*testing.T
	addr   string
	cancel context.CancelFunc
	states chan http.ConnState
	served chan error
}

func start(t *testing.T, ln net.Listener, srv *http.Server) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r := &running{t, ln.Addr().String(), cancel, make(chan http.ConnState, 100000), make(chan error, 1)}
	srv.ConnState = func(_ net.Conn, s http.ConnState) { r.states <- s }
	go func() { r.served <- Serve(ctx, srv, ln) }()
	return r
}

// await waits until a connection has a state.
func (r *running) await(want http.ConnState) {
	for s := range r.states {
		if s == want {
			return
		}
	}
}

// closed waits until the listener is closed.
func (r *running) closed(ln net.Listener) {
	for {
		if raw, err := ln.(*net.TCPListener).SyscallConn(); err != nil || raw.Control(func(uintptr) {}) != nil {
			return
		}
		runtime.Gosched()
	}
}

// ends waits until Serve has returned nil, and returns how long that took.
func (r *running) ends() time.Duration {
	r.Helper()
	since := time.Now()
	if err := <-r.served; err != nil {
		r.Error(err)
	}
	return time.Since(since)
}

// A client asks on one connection, and never a second time, as clients else do.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(addr string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReader(conn)}, nil
}

func (c *client) get() (body string, last bool, err error) {
	if _, err := fmt.Fprint(c.conn, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"); err != nil {
		return "", false, err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return "", false, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), resp.Close, err
}

func mustDial(t *testing.T, addr string) *client {
	t.Helper()
	c, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.conn.Close() })
	return c
}

func (c *client) mustGet(t *testing.T, want string) (last bool) {
	t.Helper()
	body, last, err := c.get()
	if err != nil || body != want {
		t.Errorf("answer %q, %v", body, err)
	}
	return last
}

func hello(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }

// Half of the clients make a connection for each request, the others keep theirs for as long as they
// are not told that an answer is the last. What nobody can avoid is a request that meets the
// end of a connection at rest, and clients send it again: it must be rare.
func TestServeLosesNothing(t *testing.T) {
	restarts := 60
	if testing.Short() {
		restarts = 20
	}
	s := newSocket(t)
	var (
		clients sync.WaitGroup
		stop    = make(chan struct{})
		asked   atomic.Int64
		kept    atomic.Int64
		again   atomic.Int64
	)
	begin := func() *running {
		return start(t, s.listen(t), &http.Server{Handler: http.HandlerFunc(hello)})
	}
	r := begin()
	addr := r.addr
	for i := 0; i < 16; i++ {
		keep := i%2 == 0
		clients.Add(1)
		go func() {
			defer clients.Done()
			var c *client
			for fresh := true; ; {
				select {
				case <-stop:
					return
				default:
				}
				var err error
				if fresh {
					if c, err = dial(addr); err != nil {
						t.Error(err)
						return
					}
				} else {
					kept.Add(1)
				}
				body, last, err := c.get()
				switch {
				case err != nil && body == "" && !fresh:
					again.Add(1)
					last = true
				case err != nil || body != "hello":
					t.Errorf("answer %q, %v; first of its connection: %v", body, err, fresh)
					last = true
				}
				asked.Add(1)
				if fresh = last || !keep; fresh {
					c.conn.Close()
				}
			}
		}()
	}
	for i := 0; i < restarts; i++ {
		for before := asked.Load(); asked.Load() < before+200; {
			runtime.Gosched()
		}
		r.cancel()
		r.ends()
		r = begin()
	}
	close(stop)
	clients.Wait()
	r.cancel()
	r.ends()
	t.Logf("%d restarts, %d requests, %d of them on a connection that was kept, %d sent again",
		restarts, asked.Load(), kept.Load(), again.Load())
	if n := again.Load(); n > int64(restarts) {
		t.Errorf("%d requests met the end of their connection", n)
	}
}

// What Shutdown of net/http would lose: a connection that was accepted, and its request
// comes when the server is about to leave.
func TestServeAnswersWhatItAccepted(t *testing.T) {
	ln := listen(t)
	r := start(t, ln, &http.Server{Handler: http.HandlerFunc(hello)})
	c := mustDial(t, r.addr)
	r.await(http.StateNew)
	r.cancel()
	r.closed(ln)
	if last := c.mustGet(t, "hello"); !last {
		t.Error("the client is not told that the answer is the last")
	}
	if d := r.ends(); d > silence {
		t.Error("left after", d)
	}
}

func TestServeAnswersOnAKeptConnection(t *testing.T) {
	ln := listen(t)
	begun, release := make(chan struct{}, 2), make(chan struct{})
	h := func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		hello(w, r)
		http.NewResponseController(w).Flush() // the answer does not say that it is the last
		<-release
	}
	r := start(t, ln, &http.Server{Handler: http.HandlerFunc(h)})
	c := mustDial(t, r.addr)
	fmt.Fprint(c.conn, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\nGET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
	<-begun
	r.cancel()
	r.closed(ln)
	for i := 0; i < 2; i++ {
		release <- struct{}{}
		resp, err := http.ReadResponse(c.r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "hello" || err != nil || resp.Close != (i == 1) {
			t.Errorf("answer %d: %q, %v, last %v", i, b, err, resp.Close)
		}
	}
	r.ends()
}

func TestServeFinishesSlowRequests(t *testing.T) {
	ln := listen(t)
	h := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(500 * time.Millisecond) // what the test is about
		hello(w, r)
	}
	r := start(t, ln, &http.Server{Handler: http.HandlerFunc(h)})
	go func() {
		r.await(http.StateActive)
		r.cancel()
	}()
	mustDial(t, r.addr).mustGet(t, "hello")
	r.ends()
}

// A connection at rest holds it up for no longer than a silent one, and a silent one not for long.
func TestServeLeavesWhoSaysNothing(t *testing.T) {
	for _, silent := range []bool{false, true} {
		r := start(t, listen(t), &http.Server{Handler: http.HandlerFunc(hello)})
		c := mustDial(t, r.addr)
		r.await(http.StateNew)
		limit := 1500 * time.Millisecond
		if !silent {
			c.mustGet(t, "hello")
			r.await(http.StateIdle)
			limit = 400 * time.Millisecond
		}
		r.cancel()
		if d := r.ends(); d > limit {
			t.Errorf("silent %v: left after %v", silent, d)
		}
	}
}

// Streams see the end of their context at once, others when they are a second old; those that do
// not look are cut.
func TestServeEndsStreams(t *testing.T) {
	why := errors.New("enough")
	never := make(chan struct{})
	t.Cleanup(func() { close(never) }) // the subtests run on after this function
	for _, test := range []struct {
		name, accept string
		look         bool
		least, most  time.Duration
	}{
		{"stream", "text/event-stream", true, 0, 900 * time.Millisecond},
		{"long poll", "*/*", true, 900 * time.Millisecond, 1900 * time.Millisecond},
		{"stream that does not look", "text/event-stream", false, 1900 * time.Millisecond, 4 * time.Second},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := func(w http.ResponseWriter, r *http.Request) {
				http.NewResponseController(w).Flush()
				if v := r.Context().Value("key"); v != "value" {
					t.Errorf("the value is %v", v)
				}
				if !test.look {
					<-never
				}
				<-r.Context().Done()
				if cause := context.Cause(r.Context()); cause != why {
					t.Errorf("the cause is %v", cause)
				}
				io.WriteString(w, "bye")
			}
			srv := &http.Server{Handler: http.HandlerFunc(h), BaseContext: func(net.Listener) context.Context {
				return context.WithValue(context.Background(), "key", "value")
			}}
			ln := listen(t)
			ctx, cancel := context.WithCancelCause(context.Background())
			served := make(chan error, 1)
			go func() { served <- Serve(ctx, srv, ln) }()
			req, _ := http.NewRequest("GET", "http://"+ln.Addr().String(), nil)
			req.Header.Set("Accept", test.accept)
			since := time.Now()
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			cancel(why)
			b, err := io.ReadAll(resp.Body)
			if test.look && (err != nil || string(b) != "bye") {
				t.Errorf("%q, %v", b, err)
			}
			if !test.look && err == nil {
				t.Error("a stream that was cut seems whole")
			}
			if err := <-served; err != nil {
				t.Error(err)
			}
			if d := time.Since(since); d < test.least || d > test.most {
				t.Errorf("left after %v", d)
			}
		})
	}
}

// A handshake that is under way when the context ends is completed.
func TestServeCompletesHandshakes(t *testing.T) {
	srv, c := newTLS(http.HandlerFunc(hello))
	ln := listen(t)
	r := start(t, ln, srv)
	c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := net.Dial(network, addr)
		r.await(http.StateNew)
		r.cancel()
		r.closed(ln)
		return conn, err
	}
	resp, err := c.Get("https://" + r.addr)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); string(b) != "hello" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	r.ends()
}

func TestServeHijacked(t *testing.T) {
	left := make(chan struct{})
	h := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		<-r.Context().Done()
		close(left)
	}
	r := start(t, listen(t), &http.Server{Handler: http.HandlerFunc(h)})
	c := mustDial(t, r.addr)
	fmt.Fprint(c.conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
	if line, err := c.r.ReadString('\n'); !strings.Contains(line, "101") {
		t.Fatal(line, err)
	}
	r.cancel()
	if d := r.ends(); d > time.Second {
		t.Error("left after", d)
	}
	<-left
}

func TestConnectionsForgetsWhatIsGone(t *testing.T) {
	c := &connections{open: make(map[net.Conn]connection), changed: make(chan struct{}, 1)}
	for _, gone := range []http.ConnState{http.StateClosed, http.StateHijacked} {
		c.note(nil, http.StateNew)
		if c.note(nil, gone); len(c.open) > 0 {
			t.Error(gone, "is kept")
		}
	}
}

// A closing is a listener that tells when it is used first, and calls a function when it is closed.
type closing struct {
	net.Listener
	accepts chan struct{}
	closes  func()
}

func (l *closing) Accept() (net.Conn, error) {
	close(l.accepts) // once: after the error nobody calls again
	return l.Listener.Accept()
}

func (l *closing) Close() error {
	l.closes()
	return l.Listener.Close()
}

// A request that comes when a connection has been told to leave, but before the client has read that, is served.
func TestServeWaitsForALateRequest(t *testing.T) {
	c := &connections{open: make(map[net.Conn]connection), changed: make(chan struct{}, 1)}
	var served atomic.Bool
	ln := &closing{Listener: listen(t), accepts: make(chan struct{}), closes: func() {
		c.note(nil, http.StateActive)
		time.AfterFunc(3*farewell, func() {
			served.Store(true)
			c.note(nil, http.StateClosed)
		})
	}}
	srv := new(http.Server)
	go srv.Serve(ln)
	<-ln.accepts
	c.note(nil, http.StateIdle)
	if c.leave(srv); !served.Load() {
		t.Error("the connection is closed while the request is served")
	}
}

// newTLS returns a server with a certificate, and a client that knows it.
func newTLS(h http.Handler) (*http.Server, *http.Client) {
	s := httptest.NewUnstartedServer(nil)
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	config := &tls.Config{Certificates: s.TLS.Certificates}
	return &http.Server{Handler: h, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}, s.Client()
}

func TestServeTLS(t *testing.T) {
	srv, c := newTLS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stream" {
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		io.WriteString(w, r.Proto)
	}))
	r := start(t, listen(t), srv)
	get := func(path string) *http.Response {
		req, _ := http.NewRequest("GET", "https://"+r.addr+path, nil)
		req.Header.Set("Accept", "text/event-stream")
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	resp := get("/")
	if b, err := io.ReadAll(resp.Body); string(b) != "HTTP/2.0" || err != nil {
		t.Errorf("%s, %v", b, err)
	}
	stream := get("/stream")
	r.cancel()
	if _, err := io.ReadAll(stream.Body); err != nil {
		t.Error(err)
	}
	if d := r.ends(); d > time.Second {
		t.Error("left after", d)
	}
}

// Requests over HTTP/2 that begin while the server leaves are served, or sent again by the client.
func TestServeLosesNothingOfHTTP2(t *testing.T) {
	s := newSocket(t)
	_, c := newTLS(nil)
	begin := func() *running {
		srv, _ := newTLS(http.HandlerFunc(hello))
		return start(t, s.listen(t), srv)
	}
	r := begin()
	addr := r.addr
	stop := make(chan struct{})
	var asked atomic.Int64
	var clients sync.WaitGroup
	for i := 0; i < 8; i++ {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := c.Post("https://"+addr, "text/plain", strings.NewReader("is sent again if the server says that it was not read"))
				if err != nil {
					t.Error(err)
					return
				}
				if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "hello" || resp.ProtoMajor != 2 {
					t.Errorf("answer %q, %v, %s", b, err, resp.Proto)
				}
				resp.Body.Close()
				asked.Add(1)
			}
		}()
	}
	for i := 0; i < 10; i++ {
		for before := asked.Load(); asked.Load() < before+50 && !t.Failed(); {
			runtime.Gosched()
		}
		r.cancel()
		r.ends()
		r = begin()
	}
	close(stop)
	clients.Wait()
	r.cancel()
	r.ends()
	t.Log(asked.Load(), "requests")
}

func TestServeWhenOthersEndIt(t *testing.T) {
	ended, end := context.WithCancel(context.Background())
	end()
	for _, test := range []struct {
		name string
		ctx  context.Context
		do   func(*http.Server, net.Listener)
		want error
	}{
		{"closed listener", context.Background(), func(_ *http.Server, ln net.Listener) { ln.Close() }, net.ErrClosed},
		{"Shutdown", context.Background(), func(s *http.Server, _ net.Listener) { s.Shutdown(context.Background()) }, http.ErrServerClosed},
		{"Close", context.Background(), func(s *http.Server, _ net.Listener) { s.Close() }, http.ErrServerClosed},
		{"ended", ended, func(*http.Server, net.Listener) {}, nil},
		{"ended and closed", ended, func(_ *http.Server, ln net.Listener) { ln.Close() }, nil},
		{"ended and Shutdown", ended, func(s *http.Server, _ net.Listener) { s.Shutdown(context.Background()) }, nil},
	} {
		for _, before := range []bool{true, false} {
			ln := listen(t)
			srv := &http.Server{}
			if before {
				test.do(srv, ln)
			}
			served := make(chan error, 1)
			go func() { served <- Serve(test.ctx, srv, ln) }()
			if !before {
				test.do(srv, ln)
			}
			if err := <-served; !errors.Is(err, test.want) {
				t.Errorf("%s, before %v: %v", test.name, before, err)
			}
			if conn, err := net.Dial("tcp", ln.Addr().String()); err == nil {
				conn.Close()
				t.Errorf("%s, before %v: it listens still", test.name, before)
			}
		}
	}
}

// What was there is called, a nil handler is the default one, and a panic takes one connection.
func TestServeKeepsWhatIsSet(t *testing.T) {
	shut := make(chan struct{})
	srv := &http.Server{}
	srv.RegisterOnShutdown(func() { close(shut) })
	r := start(t, listen(t), srv)
	resp, err := http.Get("http://" + r.addr)
	if err != nil || resp.StatusCode != http.StatusNotFound {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	r.await(http.StateNew)
	r.cancel()
	r.ends()
	<-shut

	srv = &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("on purpose") })
	r = start(t, listen(t), srv)
	if body, _, err := mustDial(t, r.addr).get(); err == nil {
		t.Errorf("answer %q of a handler that panics", body)
	}
	r.cancel()
	if d := r.ends(); d > silence {
		t.Error("left after", d)
	}
}
