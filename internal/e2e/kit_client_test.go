package e2e

import (
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// server answers with its version and process until it is told to restart. It holds a port,
// which no two of it can have at a time.
const server = `package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/lib537/restarter"
)

const version = "1"

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ln, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Println("cannot listen:", err)
		os.Exit(1)
	}
	fmt.Println("version", version)
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "version", version, "process", os.Getpid())
	})}
	go func() {
		<-ctx.Done()
		srv.Shutdown(context.Background())
		os.Exit(restarter.ExitCode)
	}()
	srv.Serve(ln)
	select {}
}
`

// freeAddress is one on which nobody listens, with a port that no system gives out by itself: beside this test others
// listen on port 0 all the time.
func freeAddress(t testing.TB) string {
	t.Helper()
	for i := 0; i < 100; i++ {
		if ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10000+rand.Intn(20000))); err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatal("there is no free port")
	return ""
}

// A client keeps one connection, as long as the server does.
type client struct {
	t     *testing.T
	url   string
	dials int
	http  http.Client
}

func newClient(t *testing.T, address string) *client {
	c := &client{t: t, url: "http://" + address + "/"}
	transport := &http.Transport{Dial: func(network, address string) (net.Conn, error) {
		c.dials++ // one request at a time
		return net.Dial(network, address)
	}}
	c.http.Transport = transport
	t.Cleanup(transport.CloseIdleConnections)
	return c
}

func (c *client) get() string {
	c.t.Helper()
	body, err := c.try()
	if err != nil {
		c.t.Fatal(err)
	}
	return body
}

// await is get for a server that may not be there yet, and prints no line when it is.
func (c *client) await() string {
	c.t.Helper()
	for limit := deadline(c.t); ; time.Sleep(5 * time.Millisecond) {
		body, err := c.try()
		if err == nil {
			return body
		}
		if time.Now().After(limit) {
			c.t.Fatal(err)
		}
	}
}

func (c *client) try() (string, error) {
	answer, err := c.http.Get(c.url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return strings.TrimSpace(string(body)), err
}
