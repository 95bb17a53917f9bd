package e2e

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A gate stands before a tool of the go command and lets it through when the test says so.
// It is this test binary, as -toolexec.
type gate struct {
	t  *testing.T
	ln net.Listener
}

const gateVar = "RESTARTER_TEST_GATE"

func init() {
	programs["gate"] = func() {
		args := os.Args[1:]
		tool := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
		if tool == "link" && !strings.HasPrefix(args[1], "-V") {
			conn, err := net.Dial("tcp", os.Getenv(gateVar))
			if err == nil {
				bufio.NewReader(conn).ReadString('\n') // or until the test has ended
			}
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			os.Exit(1)
		}
	}
}

func newGate(t *testing.T) *gate {
	t.Helper()
	used.Store("gate", true)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return &gate{t, ln}
}

// environ has every go command pass through the gate.
func (g *gate) environ() []string {
	return []string{"GOFLAGS=-mod=mod -toolexec=" + executable(g.t), programVar + "=gate",
		gateVar + "=" + g.ln.Addr().String(), "GORACE=atexit_sleep_ms=0"}
}

// wait waits for a build that has read all sources and is about to link. The function lets
// it go on.
func (g *gate) wait() (open func()) {
	g.t.Helper()
	g.ln.(*net.TCPListener).SetDeadline(deadline(g.t))
	conn, err := g.ln.Accept()
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { conn.Close() })
	return func() {
		fmt.Fprintln(conn)
		conn.Close()
	}
}

// openAll lets everything through from now on.
func (g *gate) openAll() {
	go func() {
		for {
			conn, err := g.ln.Accept()
			if err != nil {
				return // the test has ended
			}
			conn.Close()
		}
	}()
}
