package main

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// serve serves until ctx ends, and then loses no request: it closes the listener, so that
// new connections wait for the next process, serves those that it has accepted, and only
// then shuts down. Shutdown alone closes a connection that was accepted just before.
func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	var fresh connections
	srv := &http.Server{Handler: h, ConnState: fresh.note}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	ln.Close()
	<-done
	fresh.wait(200 * time.Millisecond)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return srv.Close()
	}
	return nil
}

// connections are those that were accepted and have sent no request yet.
type connections struct {
	mu  sync.Mutex
	set map[net.Conn]bool
}

func (c *connections) note(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set == nil {
		c.set = make(map[net.Conn]bool)
	}
	if delete(c.set, conn); state == http.StateNew {
		c.set[conn] = true
	}
}

// wait waits for the first request of every connection, and closes those that send none in
// time, as browsers open them ahead of need.
func (c *connections) wait(limit time.Duration) {
	for deadline := time.Now().Add(limit); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		late := time.Now().After(deadline)
		for conn := range c.set {
			if late {
				conn.Close()
			}
		}
		n := len(c.set)
		c.mu.Unlock()
		if n == 0 || late {
			return
		}
	}
}

// beside returns the path of a file that lies beside this one.
func beside(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), name)
}
