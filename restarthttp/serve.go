package restarthttp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// How long Serve waits for what, once its context has ended.
const (
	// For another request on a connection that had an answer a moment ago, which did not say that it
	// was the last. Closed at once, the connection would take the next request with it.
	linger = 10 * time.Millisecond

	// For the first request of a connection, from when it was accepted. Browsers open
	// connections ahead of need, and those stay silent.
	silence = 500 * time.Millisecond

	// For a request before its context ends, from when it began.
	youth = time.Second

	// For requests that are served.
	patience = 2 * time.Second

	// For idle HTTP/2 clients to close their connections after GOAWAY.
	farewell = 50 * time.Millisecond
)

// Serve serves the connections of ln with srv until ctx ends, then stops without losing a request (but
// for one race, see below). It closes ln, answers the requests on accepted connections, closes the
// connections, and returns nil. If ln is from restarter.Listen, connections that it has not accepted
// wait for the next child; with any other socket they are lost. If srv.TLSConfig has certificates,
// Serve serves TLS and HTTP/2: ln then must not do so itself. Serve does the same in any process, child
// of package restarter or not.
//
// When ctx ends, the contexts of requests end too, with its cause. That of a request for a stream (GET
// of text/event-stream, or an upgrade of the connection) ends at once. That of another ends when the
// request is a second old, so that short requests are not disturbed. After two seconds the remaining
// connections are closed, and Serve returns nil then too. A handler that must finish its work should use
// context.WithoutCancel(r.Context()) for it, and main has to wait for that work before it exits. A
// hijacked connection belongs to its handler: Serve neither waits for it nor closes it.
//
// An answer that is begun after the end of ctx says that it is the last of its connection. An idle
// connection is closed after ten milliseconds; a new one that has sent no request is closed half a
// second after it was accepted. A request sent just as the server closes the connection is lost, which
// HTTP/1 cannot avoid; clients retry it by themselves if it is idempotent (GET, for example).
//
// Before it begins, Serve sets srv.Handler and srv.ConnState, each to a function that calls what was
// there. At the end it calls [http.Server.Shutdown], which calls what is registered with
// [http.Server.RegisterOnShutdown], and [http.Server.Close]. The server cannot be used afterwards: call
// Serve once for each.
//
// If ln fails before ctx ends (for example, because it was closed), Serve returns the error at once. If
// the server is shut down elsewhere, Serve returns [http.ErrServerClosed], as [http.Server.Serve] does.
// In both cases open connections are still served. If ctx has ended already, Serve stops as soon as it
// has begun.
func Serve(ctx context.Context, srv *http.Server, ln net.Listener) error {
	c := &connections{open: make(map[net.Conn]connection), changed: make(chan struct{}, 1)}
	c.attach(srv)
	srv.Handler = endWith(ctx, srv.Handler)
	failed := make(chan error, 1)
	go func() {
		if speaksTLS(srv.TLSConfig) {
			failed <- srv.ServeTLS(ln, "", "")
		} else {
			failed <- srv.Serve(ln)
		}
	}()
	select {
	case err := <-failed:
		if ctx.Err() == nil {
			return err
		}
	case <-ctx.Done():
		ln.Close()
		<-failed
	}
	c.leave(srv)
	return nil
}

// endWith has the contexts of requests end with ctx, and answers after that be the last of their
// connections. It does not use BaseContext: that would end the handshakes of TLS too.
func endWith(ctx context.Context, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol := r.Header.Get("Upgrade")
		upgrade := protocol != "" && !strings.EqualFold(protocol, "h2c") // which net/http does not do
		if ctx.Err() != nil && !upgrade {
			w.Header().Set("Connection", "close") // HTTP/2 makes GOAWAY of it
		}
		inner, cancel := context.WithCancelCause(r.Context())
		defer cancel(nil)
		end := func() { cancel(context.Cause(ctx)) }
		stream := upgrade || r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/event-stream")
		old := time.Now().Add(youth)
		defer context.AfterFunc(ctx, func() {
			if stream {
				end()
			} else {
				time.AfterFunc(time.Until(old), end)
			}
		})()
		*r = *r.WithContext(inner) // not a copy: the server removes the files of its own MultipartForm
		if h == nil {
			http.DefaultServeMux.ServeHTTP(w, r)
		} else {
			h.ServeHTTP(w, r)
		}
	})
}

// speaksTLS reports whether ServeTLS needs no files with this configuration.
func speaksTLS(c *tls.Config) bool {
	return c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil || c.GetConfigForClient != nil)
}

// connections are what a server has accepted, and is neither closed nor hijacked.
type connections struct {
	mu      sync.Mutex
	open    map[net.Conn]connection
	changed chan struct{} // receives when a connection has another state
}

type connection struct {
	state http.ConnState
	since time.Time
}

// attach has the server tell of its connections.
func (c *connections) attach(srv *http.Server) {
	hook := srv.ConnState
	srv.ConnState = func(conn net.Conn, state http.ConnState) {
		c.note(conn, state)
		if hook != nil {
			hook(conn, state)
		}
	}
}

func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.open, conn)
	} else {
		c.open[conn] = connection{state, time.Now()}
	}
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// leave closes the connections, each when it has the answer that it waits for. No connection is
// accepted any more.
func (c *connections) leave(srv *http.Server) {
	stop := time.Now()
	c.await(stop.Add(patience), func(at connection) time.Time {
		switch at.state {
		case http.StateNew:
			return at.since.Add(silence)
		case http.StateActive:
			return stop.Add(patience)
		}
		if at.since.Before(stop) {
			return stop.Add(linger)
		}
		return at.since.Add(linger)
	})

	// Not before: from now on the server closes a connection of HTTP/1 whose request it has just
	// read. It closes those at rest, and tells those of HTTP/2 to leave.
	ended, end := context.WithCancel(context.Background())
	end()
	left := time.Now()
	srv.Shutdown(ended)
	c.await(left.Add(patience), func(at connection) time.Time {
		switch {
		case at.state == http.StateActive && at.since.After(left): // a client that has not read yet that it is to leave
			return left.Add(patience)
		case at.state == http.StateIdle && at.since.After(left):
			return at.since.Add(farewell)
		case at.state == http.StateIdle:
			return left.Add(farewell)
		}
		return time.Time{}
	})
	srv.Close()
}

// await waits until the time is over that each connection is given, but not beyond limit.
func (c *connections) await(limit time.Time, until func(connection) time.Time) {
	for {
		now := time.Now()
		next := limit
		waits := false
		c.mu.Lock()
		for _, at := range c.open {
			if t := until(at); t.After(now) {
				waits = true
				if t.Before(next) {
					next = t
				}
			}
		}
		c.mu.Unlock()
		if !waits || !limit.After(now) {
			return
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-c.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}
