package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// What the tests ask of a server, and of its sockets.

const addressInUse = "(?i)address already in use|only one usage of each socket address|#10048"

// question is a client with a new connection: it returns the process that has answered.
func question(network, address string) (pid string, err error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, "who?"); err != nil {
		return "", err
	}
	text, err := io.ReadAll(conn)
	if err == nil && len(text) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return strings.TrimSpace(string(text)), err
}

// A socketServer is a listenProgram in a test.
type socketServer struct {
	*process
	script string // the name of the file
	saves  int
}

// startServer starts a listenProgram with a script.
func startServer(t testing.TB, lines ...string) *socketServer {
	t.Helper()
	return startServerWith(t, func(*exec.Cmd) {}, lines...)
}

// startServerWith is startServer with a command that a function has prepared.
func startServerWith(t testing.TB, prepare func(*exec.Cmd), lines ...string) *socketServer {
	t.Helper()
	s := &socketServer{script: filepath.Join(t.TempDir(), "script")}
	s.write(t, lines)
	cmd := command(t, "listen", s.script)
	prepare(cmd)
	s.process = start(t, cmd)
	return s
}

// waitOnFailure has the parent launch a failed child again at the next change.
func waitOnFailure(cmd *exec.Cmd) { cmd.Args = append([]string{cmd.Args[0], "-wait"}, cmd.Args[1:]...) }

// withOverlap has the parent start each child beside the last.
func withOverlap(cmd *exec.Cmd) {
	cmd.Args = append([]string{cmd.Args[0], "-overlap=1m"}, cmd.Args[1:]...)
}

// standIn starts a server in the directory of a file.
func standIn(path string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Dir = filepath.Dir(path) }
}

// write saves the script in one step. No two saves are the same.
func (s *socketServer) write(t testing.TB, lines []string) {
	t.Helper()
	s.saves++
	save(t, s.script+"~", strings.Join(lines, "\n")+fmt.Sprintln("\n#", s.saves))
	rename(t, s.script+"~", s.script)
}

// restart has the child be told to restart, for the next does what the lines say.
func (s *socketServer) restart(lines ...string) {
	s.t.Helper()
	s.write(s.t, lines)
}

// order has the child leave for the next with an r, or fail with an f.
func (s *socketServer) order(what string) {
	s.t.Helper()
	if _, err := io.WriteString(s.stdin, what); err != nil {
		s.t.Fatal(err)
	}
}

// ready waits for a child to have asked for all, and returns its process id.
func (s *socketServer) ready() string {
	s.t.Helper()
	return s.await("^ready (.*)")[1]
}

// at waits for the child to listen to an address, and returns where that is.
func (s *socketServer) at(network, address string) string {
	s.t.Helper()
	return s.await("^child listens to " + network + " " + regexp.QuoteMeta(address) + " at (.*)")[1]
}

// quit ends the program, and the parent with it.
func (s *socketServer) quit() {
	s.t.Helper()
	s.stdin.Close()
	s.wantExit(0)
}

// answers checks that the child pid answers.
func (s *socketServer) answers(pid, network, address string) {
	s.t.Helper()
	if got, err := question(network, address); err != nil || got != pid {
		s.t.Errorf("%s %s: answer %q, %v, want process %s", network, address, got, err, pid)
	}
}

// checkFree checks that an address can be listened to.
func checkFree(t testing.TB, network, address string) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Error(err)
		return
	}
	ln.Close()
}

// checkClosed checks that nobody can connect to an address.
func checkClosed(t testing.TB, network, address string) {
	t.Helper()
	if conn, err := net.Dial(network, address); err == nil {
		conn.Close()
		t.Errorf("%s %s is not closed", network, address)
	}
}

// socketPath returns a short name: that of a Unix socket has at most some 100 bytes.
func socketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func needsInheritance(t testing.TB) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("a process cannot inherit sockets here")
	}
}
