package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// A queue stands in for a socket that outlives the servers: what none of them accepts waits
// for the next.
type queue struct {
	net.Listener
	conns chan net.Conn
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	q := &queue{ln, make(chan net.Conn)}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				close(q.conns)
				return
			}
			q.conns <- conn
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		for conn := range q.conns {
			conn.Close()
		}
	})
	return q
}

// A turn is the listener of one server.
type turn struct {
	*queue
	accepted chan struct{} // receives for every connection, if not nil
	closed   chan struct{}
	once     *sync.Once
}

func (q *queue) turn() turn { return turn{q, nil, make(chan struct{}), new(sync.Once)} }

func (l turn) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	case conn := <-l.conns:
		if l.accepted != nil {
			l.accepted <- struct{}{}
		}
		return conn, nil
	}
}

func (l turn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// get asks by a new connection.
func get(addr net.Addr) (string, error) {
	conn, err := net.Dial("tcp", addr.String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return getOn(conn)
}

func getOn(conn net.Conn) (string, error) {
	if _, err := fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"); err != nil {
		return "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func hello(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") }

func TestServeLosesNothing(t *testing.T) {
	q := newQueue(t)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for i := 0; i < 8; i++ {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for {
				if body, err := get(q.Addr()); err != nil || body != "hello" {
					t.Errorf("answer %q, %v", body, err) // and go on: the servers wait for clients
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
	}
	for i := 0; i < 300; i++ {
		ctx, cancel := context.WithCancel(context.Background())
		l := q.turn()
		l.accepted = make(chan struct{})
		served := make(chan error)
		go func() { served <- serve(ctx, l, http.HandlerFunc(hello)) }()
		for n := 0; n < 3; n++ {
			<-l.accepted
		}
		cancel()
		for err := error(nil); ; {
			select {
			case <-l.accepted:
				continue
			case err = <-served:
			}
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	close(stop)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- serve(ctx, q.turn(), http.HandlerFunc(hello)) }()
	clients.Wait()
	cancel()
	<-served
}

// What Shutdown of net/http would lose: a connection that was accepted, and its request
// comes when the server is about to leave.
func TestServeAnswersWhatItAccepted(t *testing.T) {
	q := newQueue(t)
	l := q.turn()
	l.accepted = make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, l, http.HandlerFunc(hello)) }()
	conn, err := net.Dial("tcp", q.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	<-l.accepted
	cancel()
	<-l.closed
	if body, err := getOn(conn); err != nil || body != "hello" {
		t.Errorf("answer %q, %v", body, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestServeFinishesWhatItServes(t *testing.T) {
	q := newQueue(t)
	l := q.turn()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-l.closed
		hello(w, r)
	}
	go func() { served <- serve(ctx, l, http.HandlerFunc(h)) }()
	if body, err := get(q.Addr()); err != nil || body != "hello" {
		t.Errorf("answer %q, %v", body, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// Neither a connection that was served and is kept nor one that stays silent holds it up for
// ever.
func TestServeLeaves(t *testing.T) {
	q := newQueue(t)
	l := q.turn()
	l.accepted = make(chan struct{}, 2)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, l, http.HandlerFunc(hello)) }()
	for _, silent := range []bool{false, true} {
		conn, err := net.Dial("tcp", q.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		<-l.accepted
		if silent {
			continue
		}
		if body, err := getOn(conn); err != nil || body != "hello" {
			t.Fatalf("answer %q, %v", body, err)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestServeFails(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := serve(context.Background(), ln, http.HandlerFunc(hello)); err == nil {
		t.Error("serves a listener that is closed")
	}
}

func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	handler("<motto>").ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if text := w.Body.String(); w.Code != 200 || !strings.Contains(text, "&lt;motto&gt;") || !strings.Contains(text, "Version "+version) {
		t.Errorf("%d: %s", w.Code, text)
	}
}
