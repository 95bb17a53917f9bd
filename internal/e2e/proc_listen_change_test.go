package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Children that ask for other sockets than those before them.

// One that has lived for so long has begun.
const grown = "linger 10.1s"

// What a child has not asked for is closed before the next one starts, if the child had the time to ask. A younger one
// may have been about to: it was told to restart because of a second save.
func TestListenNotAskedFor(t *testing.T) {
	slow(t)
	needsInheritance(t)
	path := socketPath(t)
	kept, lost := "listen tcp4 127.0.0.1:0", "listen tcp 127.0.0.1:0"
	s := startServer(t, kept, "linger 1s", lost, "listen unix "+path)
	stays := s.at("tcp4", "127.0.0.1:0")
	where := s.at("tcp", "127.0.0.1:0")
	s.ready()
	for i := 0; i < 3; i++ {
		s.restart(kept)
		s.ready()
		for _, a := range [][2]string{{"tcp", where}, {"unix", path}} {
			if conn, err := net.Dial(a[0], a[1]); err != nil {
				t.Error(err)
			} else {
				conn.Close()
			}
		}
	}
	s.restart(kept, "linger 5s")
	s.ready()
	s.restart(kept)
	pid := s.ready()
	checkClosed(t, "tcp", where)
	checkClosed(t, "unix", path)
	if exists(path) {
		t.Error("the file of the socket is still there")
	}
	checkFree(t, "tcp", where)
	s.answers(pid, "tcp", stays)

	// It is the first now that was the second.
	s.restart(lost, kept, "listen unix "+path)
	if again := s.at("tcp4", "127.0.0.1:0"); again != stays {
		t.Errorf("listens to %s, then to %s", stays, again)
	}
	pid = s.ready()
	s.answers(pid, "tcp", stays)
	s.answers(pid, "unix", path)
	s.quit()
}

// The same with a child that has asked for nothing at all.
func TestListenNothingAskedFor(t *testing.T) {
	slow(t)
	needsInheritance(t)
	listen := "listen tcp 127.0.0.1:0"
	s := startServer(t, listen)
	where := s.at("tcp", "127.0.0.1:0")
	s.ready()
	for _, script := range []string{"open", "linger 1.1s"} {
		s.restart(script) // and told again at once, or after a second
		s.ready()
		s.restart(script)
		s.ready()
		s.order("r") // now it leaves by itself
		s.ready()
		s.restart(listen)
		if again := s.at("tcp", "127.0.0.1:0"); again != where {
			t.Errorf("listens to %s, then to %s", where, again)
		}
		s.answers(s.ready(), "tcp", where)
	}
	s.restart(grown)
	s.ready()
	s.restart("open")
	s.ready()
	checkClosed(t, "tcp", where)
	// The next child gets nothing, and nobody has touched the descriptors that it opens.
	s.restart("open", listen)
	again := s.at("tcp", "127.0.0.1:0")
	s.answers(s.ready(), "tcp", again)
	s.quit()
	s.expect(0, "^error")
}

// A child that fails before it has asked has its sockets kept for the one that is mended.
func TestListenAfterAFailure(t *testing.T) {
	slow(t)
	needsInheritance(t)
	for _, first := range []string{"", "both\n"} {
		first := first
		t.Run(strings.TrimSpace(first), func(t *testing.T) {
			t.Parallel()
			path := socketPath(t)
			tcp, unix := "listen tcp 127.0.0.1:0", "listen unix "+path
			s := startServerWith(t, waitOnFailure, first+tcp, unix)
			where := s.at("tcp", "127.0.0.1:0")
			s.ready()
			for _, script := range [][]string{{"fail"}, {"linger 1.1s", "fail"}, {unix, "fail"}} {
				s.restart(script...)
				s.await("waiting for a change$")
				// Clients wait meanwhile.
				conn, err := net.Dial("tcp", where)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				s.restart(tcp, unix)
				if again := s.at("tcp", "127.0.0.1:0"); again != where {
					t.Errorf("listens to %s, then to %s", where, again)
				}
				pid := s.ready()
				fmt.Fprintln(conn, "who?")
				var got string
				if fmt.Fscan(conn, &got); got != pid {
					t.Errorf("answer %q, want process %s", got, pid)
				}
				s.answers(pid, "unix", path)
			}
			s.quit()
		})
	}
}

func TestListenOtherAddress(t *testing.T) {
	slow(t)
	needsInheritance(t)
	old, _ := net.ResolveTCPAddr("tcp", freeAddress(t))
	for _, test := range []struct{ name, old, new string }{
		{"port", "tcp " + old.String(), "tcp " + freeAddress(t)},
		{"host", "tcp " + old.String(), fmt.Sprintf("tcp :%d", old.Port)},
		{"one host", fmt.Sprintf("tcp :%d", old.Port), "tcp " + old.String()},
		{"network", "tcp " + old.String(), "tcp4 " + old.String()},
		{"to unix", "tcp " + old.String(), "unix " + socketPath(t)},
		{"host name", "tcp " + old.String(), fmt.Sprintf("tcp localhost:%d", old.Port)},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServer(t, "listen "+test.old)
			network, address, _ := strings.Cut(test.old, " ")
			s.at(network, address)
			s.answers(s.ready(), network, address)
			newNetwork, newAddress, _ := strings.Cut(test.new, " ")
			closed := test.name == "port" || test.name == "to unix"
			for i := 0; i < 2; i++ {
				script := []string{"listen " + test.new}
				if closed {
					script = append(script, "linger 1s") // so it had the time to ask for the old one as well
				}
				s.restart(script...)
				s.at(newNetwork, newAddress)
				s.answers(s.ready(), newNetwork, newAddress)
			}
			if closed {
				checkClosed(t, network, address)
				checkFree(t, network, address)
			}
			// And back again, over a child that has it from nobody.
			s.restart("listen " + test.old)
			s.at(network, address)
			s.answers(s.ready(), network, address)
			s.quit()
			checkFree(t, network, address)
		})
	}
}

// What the program has closed is in the way of nobody, as with net.Listen.
func TestListenAfterClose(t *testing.T) {
	needsInheritance(t)
	old, _ := net.ResolveTCPAddr("tcp", freeAddress(t))
	wide := fmt.Sprintf(":%d", old.Port)
	s := startServer(t, "listen tcp "+old.String())
	s.ready()
	s.restart("listen tcp "+old.String(), "close", "listen tcp "+wide)
	s.at("tcp", wide)
	s.answers(s.ready(), "tcp", old.String())
	s.quit()
}

// What the program has open is not closed for it: two hosts on one port are an error, as with
// net.Listen.
func TestListenInTheWayOfItself(t *testing.T) {
	needsInheritance(t)
	old, _ := net.ResolveTCPAddr("tcp", freeAddress(t))
	s := startServer(t, "listen tcp "+old.String())
	s.ready()
	s.restart("listen tcp "+old.String(), fmt.Sprintf("listen tcp :%d", old.Port))
	s.at("tcp", old.String())
	s.await("^child error: .*(" + addressInUse + ")")
	s.answers(s.ready(), "tcp", old.String())
	// Nor has the parent lost it: clients wait for the next child.
	s.restart("read", "listen tcp "+old.String())
	s.await("^reads$")
	if conn, err := net.Dial("tcp", old.String()); err != nil {
		t.Error(err)
	} else {
		conn.Close()
	}
	s.order("x")
	s.ready()
	s.quit()
}

// The port that port 0 became is a number that somebody may come to like.
func TestListenPortMadeFixed(t *testing.T) {
	needsInheritance(t)
	s := startServer(t, "listen tcp 127.0.0.1:0")
	where := s.at("tcp", "127.0.0.1:0")
	s.ready()
	s.restart("listen tcp " + where)
	s.at("tcp", where)
	s.answers(s.ready(), "tcp", where)
	s.quit()
}

// An address that is in use by another program is an error in the child, and no reason to give
// up what the program has.
func TestListenInUseInChild(t *testing.T) {
	needsInheritance(t)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s := startServer(t, "listen tcp 127.0.0.1:0")
	where := s.at("tcp", "127.0.0.1:0")
	s.ready()
	s.restart("listen tcp "+other.Addr().String(), "listen tcp 127.0.0.1:0")
	s.await("^child error: listen tcp .*(" + addressInUse + ")")
	if again := s.at("tcp", "127.0.0.1:0"); again != where {
		t.Errorf("listens to %s, then to %s", where, again)
	}
	s.ready()
	s.quit()
}

// The file of a Unix socket.
func TestListenUnixFile(t *testing.T) {
	needsInheritance(t)
	there := func(t *testing.T, path string, want bool) {
		t.Helper()
		if exists(path) != want {
			t.Errorf("whether there is a file of the socket: %t", !want)
		}
	}
	t.Run("stays", func(t *testing.T) {
		path := socketPath(t)
		s := startServer(t, "listen unix "+path)
		s.ready()
		before, _ := os.Lstat(path)
		s.order("r")
		s.ready()
		if now, err := os.Lstat(path); err != nil || !os.SameFile(before, now) {
			t.Errorf("the file of the socket is another: %v", err)
		}
		s.quit()
		there(t, path, false)
	})
	// A relative name is the same file as its absolute one.
	t.Run("relative", func(t *testing.T) {
		path := socketPath(t)
		s := startServerWith(t, standIn(path), "listen unix s")
		s.answers(s.ready(), "unix", path)
		s.restart("listen unix " + path)
		s.at("unix", path)
		s.answers(s.ready(), "unix", path)
		s.quit()
		there(t, path, false)
	})
	// In another directory it is another file.
	t.Run("elsewhere", func(t *testing.T) {
		path, other := socketPath(t), socketPath(t)
		s := startServerWith(t, standIn(path), "listen unix s")
		s.answers(s.ready(), "unix", path)
		s.restart("chdir "+filepath.Dir(other), "listen unix s")
		s.answers(s.ready(), "unix", other)
		s.quit()
		there(t, path, false)
		there(t, other, false)
	})
	// What many a program does, since net.Listen fails where a dead one has left its file.
	t.Run("removed", func(t *testing.T) {
		path := socketPath(t)
		s := startServer(t, "remove "+path, "listen unix "+path)
		s.answers(s.ready(), "unix", path)
		for i := 0; i < 3; i++ {
			s.order("r")
			s.answers(s.ready(), "unix", path)
		}
		s.quit()
		there(t, path, false)
	})
	// Another program may have taken over the name.
	t.Run("foreign", func(t *testing.T) {
		path := socketPath(t)
		s := startServer(t, "listen unix "+path)
		s.ready()
		os.Remove(path)
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		s.order("r")
		s.await("^child error: listen unix .*(" + addressInUse + ")")
		s.ready()
		s.quit()
		there(t, path, true)
	})
}
