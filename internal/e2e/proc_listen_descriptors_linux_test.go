package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func init() { programs["sockets"] = func() { fmt.Println(socketsHere()) } }

// Sockets are held by the parent, are inherited by a child, and by nobody else.
func TestListenDescriptors(t *testing.T) {
	used.Store("sockets", true) // the child starts it, below
	calls, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer calls.Close()
	calls.(*net.TCPListener).SetDeadline(deadline(t))
	bin := t.TempDir()
	if err := os.Symlink(executable(t), filepath.Join(bin, "go")); err != nil {
		t.Fatal(err)
	}
	prepare := func(cmd *exec.Cmd) {
		waitOnFailure(cmd)
		// The directory is that of the sources, so that the go command is called.
		cmd.Dir = t.TempDir()
		cmd.Env = append(cmd.Env, "PATH="+bin, callVar+"="+calls.Addr().String())
	}
	for _, first := range []string{"", "both\n"} {
		t.Run(strings.TrimSpace(first), func(t *testing.T) {
			both := []string{first + "listen tcp 127.0.0.1:0", "listen unix " + socketPath(t)}
			s := startServerWith(t, prepare, append(both, "grandchild")...)
			parent := fmt.Sprint(s.cmd.Process.Pid)
			s.await("^child's child has 0 sockets <nil>")
			pid := s.ready()
			calledBy(t, calls, parent)
			inParent, inChild := socketsOf(parent), socketsOf(pid)
			if len(inParent) != 2+1 { // and the line to the child
				t.Errorf("sockets in the parent: %q", inParent)
			}
			for i := 0; i < 5; i++ {
				s.order("r")
				s.await("^child's child has 0 sockets <nil>")
				pid = s.ready()
				if now := socketsOf(pid); len(now) != len(inChild) {
					t.Errorf("sockets in the first child: %q, later: %q", inChild, now)
				}
				now := socketsOf(parent)
				kept := slices.DeleteFunc(slices.Clone(now), func(s string) bool { return !slices.Contains(inParent, s) })
				if len(now) != len(inParent) || len(kept) != 2 {
					t.Errorf("sockets in the parent: %q, later: %q", inParent, now)
				}
			}
			// While there is no child the go command gets none either.
			s.order("f")
			s.await("waiting for a change")
			calledBy(t, calls, parent)
			stop(t, s.cmd.Process.Pid)
			s.wantExit(128 + 15)
		})
	}
}

// calledBy waits for a call of the go command that a process has started, among others, and checks
// that none has sockets.
func calledBy(t *testing.T, calls net.Listener, by string) {
	t.Helper()
	for got := ""; got != by; {
		conn, err := calls.Accept()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(conn)
		conn.Close()
		var n string
		got, n, _ = strings.Cut(strings.TrimSpace(string(text)), " ")
		if n != "0" {
			t.Errorf("the go command of process %s has %s sockets", got, n)
		}
	}
}
