package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/lib537/restarter"
)

func TestListenNetworks(t *testing.T) {
	slow(t)
	needsInheritance(t)
	path := socketPath(t)
	for _, name := range []string{
		"tcp 127.0.0.1:0", "tcp :0", "tcp localhost:0", "tcp4 :0", "tcp6 [::1]:0",
		"unix " + path, "unixpacket " + path + "p", "unix @restarter-test-" + fmt.Sprint(os.Getpid()),
	} {
		for _, first := range []string{"", "both\n"} {
			t.Run(first+name, func(t *testing.T) {
				network, address, _ := strings.Cut(name, " ")
				ln, err := net.Listen(network, address)
				if err != nil {
					t.Skip(err) // not on this system
				}
				ln.Close()
				s := startServer(t, first+"listen "+name)
				where := s.at(network, address)
				s.answers(s.ready(), network, where)
				for i := 0; i < 2; i++ {
					s.order("r")
					if again := s.at(network, address); again != where {
						t.Errorf("listens to %s, then to %s", where, again)
					}
					s.answers(s.ready(), network, where)
				}
				s.quit()
				checkFree(t, network, where)
			})
		}
	}
}

// A child that is slow to start keeps clients waiting, and that is all.
func TestListenQueues(t *testing.T) {
	needsInheritance(t)
	s := startServer(t, "listen tcp 127.0.0.1:0")
	where := s.at("tcp", "127.0.0.1:0")
	s.ready()
	s.restart("read", "listen tcp 127.0.0.1:0")
	s.await("^reads$")
	conn, err := net.Dial("tcp", where)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "who?")
	s.order("x") // it goes on
	pid := s.ready()
	text, err := io.ReadAll(conn)
	if err != nil || strings.TrimSpace(string(text)) != pid {
		t.Errorf("answer %q, %v, want process %s", text, err, pid)
	}
	s.quit()
}

// A server that was stopped for good, and closes its listeners first, refuses clients: none waits for a next
// child that never comes.
func TestListenRefusesAfterTheStop(t *testing.T) {
	needsInheritance(t)
	path := socketPath(t)
	s := startServer(t, "listen tcp 127.0.0.1:0", "listen unix "+path, "drain")
	where := s.at("tcp", "127.0.0.1:0")
	s.ready()
	stop(t, s.cmd.Process.Pid)
	s.await("^drains$")
	for network, address := range map[string]string{"tcp": where, "unix": path} {
		if conn, err := net.Dial(network, address); err == nil {
			conn.Close()
			t.Errorf("%s: a client waits", network)
		}
	}
	s.order("x")
	s.wantExit(0)
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file of the socket is left")
	}
}

func TestListenAnyOrder(t *testing.T) {
	needsInheritance(t)
	path := socketPath(t)
	a, b := "listen tcp 127.0.0.1:0", "listen unix "+path
	s := startServer(t, a, a, b)
	first, second := s.at("tcp", "127.0.0.1:0"), s.at("tcp", "127.0.0.1:0")
	s.ready()
	if first == second {
		t.Fatal("two sockets on one port")
	}
	s.restart(b, a, a)
	if where := s.at("unix", path); where != path {
		t.Errorf("listens to %s, not to %s", where, path)
	}
	if f, g := s.at("tcp", "127.0.0.1:0"), s.at("tcp", "127.0.0.1:0"); f != first || g != second {
		t.Errorf("listens to %s and %s, then to %s and %s", first, second, f, g)
	}
	pid := s.ready()
	s.answers(pid, "tcp", first)
	s.answers(pid, "tcp", second)
	s.answers(pid, "unix", path)
	s.quit()
}

// As with net.Listen, an address is not given out twice, unless it was closed.
func TestListenTwice(t *testing.T) {
	needsInheritance(t)
	zero, fixed := "127.0.0.1:0", freeAddress(t)
	s := startServer(t, "listen tcp "+zero, "listen tcp "+fixed, "close", "listen tcp "+fixed)
	first := s.at("tcp", zero)
	s.at("tcp", fixed)
	s.at("tcp", fixed)
	s.answers(s.ready(), "tcp", fixed)
	s.restart("listen tcp "+fixed, "listen tcp "+fixed, "listen tcp "+zero, "listen tcp "+zero)
	s.at("tcp", fixed)
	s.await("^child error: .*(" + addressInUse + ")")
	if again := s.at("tcp", zero); again != first {
		t.Errorf("listens to %s, then to %s", first, again)
	}
	second := s.at("tcp", zero)
	if second == first {
		t.Error("two sockets on one port")
	}
	pid := s.ready()
	s.answers(pid, "tcp", fixed)
	s.answers(pid, "tcp", first)
	s.answers(pid, "tcp", second)
	s.quit()
}

func TestListenParentKilled(t *testing.T) {
	needsInheritance(t)
	path := socketPath(t)
	r, w, err := os.Pipe() // that stays open when the parent is gone
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	s := startServerWith(t, func(cmd *exec.Cmd) { cmd.Stdin = r }, "listen tcp 127.0.0.1:0", "listen unix "+path)
	s.stdin = w
	where := s.at("tcp", "127.0.0.1:0")
	s.ready()
	s.order("r") // a child that has not opened the sockets itself, nor was there when they were
	s.ready()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.exit()
	s.drain()
	checkFree(t, "tcp", where)
	checkFree(t, "unix", path)
}

// Called before IsParent it fails before any child is started, called in the child as net.Listen does.
func TestListenAddressInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	listen := "listen tcp " + other.Addr().String()
	s := startServer(t, "both", listen)
	s.await("^parent error: listen tcp .*(" + addressInUse + ")")
	s.wantExit(1)
	s.expect(0, "^child|^ready")

	s = startServer(t, listen)
	s.await("^child error: listen tcp .*(" + addressInUse + ")")
	s.ready()
	s.quit()
}

func TestListenOff(t *testing.T) {
	s := startServerWith(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, variable+"=off") }, "listen tcp 127.0.0.1:0")
	where := s.at("tcp", "127.0.0.1:0")
	pid := s.ready()
	if pid != fmt.Sprint(s.cmd.Process.Pid) {
		t.Error("a child was started")
	}
	s.answers(pid, "tcp", where)
	s.quit()
	checkFree(t, "tcp", where)
}

// A program that never launches a child is in the role of a parent for ever, as this test.
func TestListenNeverLaunched(t *testing.T) {
	address := freeAddress(t)
	for i := 0; i < 3; i++ {
		ln, err := restarter.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := restarter.Listen("tcp", address); err == nil {
			t.Error("listens to one address twice")
		}
		left := answer([]net.Listener{ln})
		if got, err := question("tcp", address); err != nil || got != fmt.Sprint(os.Getpid()) {
			t.Errorf("answer %q, %v", got, err)
		}
		ln.Close()
		left.Wait()
	}
	for _, bad := range [][2]string{{"udp", ":0"}, {"tcp", "nonsense"}, {"", ""}} {
		_, got := restarter.Listen(bad[0], bad[1])
		_, want := net.Listen(bad[0], bad[1])
		if got == nil || got.Error() != want.Error() {
			t.Errorf("%q: %v, want %v", bad, got, want)
		}
	}
}

// What is no listener is the same error in a child.
func TestListenNonsense(t *testing.T) {
	s := startServer(t, "listen udp :0", "listen tcp nonsense")
	for _, bad := range [][2]string{{"udp", ":0"}, {"tcp", "nonsense"}} {
		_, err := net.Listen(bad[0], bad[1])
		if got := s.await("^child error: (.*)$")[1]; got != err.Error() {
			t.Errorf("%q: %v, want %v", bad, got, err)
		}
	}
	s.ready()
	s.quit()
}

// Where sockets are not inherited there is a gap, but no other difference.
func TestListenRestarts(t *testing.T) {
	address := freeAddress(t)
	s := startServer(t, "listen tcp "+address)
	for i := 0; i < 3; i++ {
		s.at("tcp", address)
		s.answers(s.ready(), "tcp", address)
		s.order("r")
	}
	s.ready()
	s.quit()
	checkFree(t, "tcp", address)
}
