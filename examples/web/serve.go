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
// new connections wait for the next process, serves those that it has accepted, and then
// returns. [http.Server.Shutdown] would not do: a connection whose request it reads from
// then on is closed without an answer.
func serve(ctx context.Context, ln net.Listener, h http.Handler) error {
	var open sync.WaitGroup // connections
	srv := &http.Server{
		Handler: h,
		// Browsers open connections ahead of need: one that stays silent shall not hold up
		// a restart for longer.
		ReadHeaderTimeout: 2 * time.Second,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				open.Add(1)
			case http.StateClosed, http.StateHijacked:
				open.Done()
			}
		},
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ln.Close()
	<-failed // that the listener is closed; now open counts all that was accepted

	srv.SetKeepAlivesEnabled(false) // every connection ends with the answer it waits for
	served := make(chan struct{})
	go func() {
		open.Wait()
		close(served)
	}()
	select {
	case <-served:
	case <-time.After(5 * time.Second):
	}
	return srv.Close()
}

// beside returns the path of a file that lies beside this one.
func beside(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), name)
}
