package gotool

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"testing"
)

const addressVar = "GOTOOL_TEST_ADDRESS"

func init() {
	// family is a command with a compiler, which holds its output and does not care for Ctrl-C.
	programs["family"] = func() {
		compiler()
		attend("command")
	}
	// daemon leaves the compiler behind.
	programs["daemon"] = func() {
		compiler()
		conn := attended("command")
		conn.Read(make([]byte, 1)) // until the other is there
		check(os.WriteFile(os.Getenv(OutputVariable), []byte("x"), 0o700))
	}
	programs["compiler"] = func() {
		signal.Ignore(os.Interrupt)
		attend("compiler")
	}
}

func compiler() {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programVar+"=compiler")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	check(cmd.Start())
}

// attend tells the test that this process is there, and answers as long as the test asks.
func attend(name string) {
	conn := attended(name)
	io.Copy(conn, conn)
	conn.Close()
}

func attended(name string) net.Conn {
	conn, err := net.Dial("tcp", os.Getenv(addressVar))
	check(err)
	_, err = conn.Write([]byte(name + "\n"))
	check(err)
	return conn
}

// relatives waits for the command and its compiler. As long as one lives, there is nothing to
// be read from its connection.
func relatives(t *testing.T, ln net.Listener) map[string]net.Conn {
	t.Helper()
	all := make(map[string]net.Conn)
	for len(all) < 2 {
		conn, err := ln.Accept()
		if err != nil {
			t.Error(err)
			return all
		}
		t.Cleanup(func() { conn.Close() })
		name, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Error(err)
			return all
		}
		all[name] = conn
	}
	return all
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// A command that is cancelled takes its compilers with it, even those that do not care.
func TestCancelEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	r := runs(t, "family", addressVar+"="+ln.Addr().String())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error)
	go func() {
		_, err := r.Make(ctx, filepath.Join(r.Dir, "out"), r.Dir)
		ended <- err
	}()
	all := relatives(t, ln)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, conn := range all {
		io.Copy(io.Discard, conn) // until the process is gone
	}
}

// Cancelled before it begins, nothing is run.
func TestCancelledBefore(t *testing.T) {
	r := runs(t, "show")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := filepath.Join(t.TempDir(), "out")
	if _, err := r.Make(ctx, out, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the command was run")
	}
}

// What a command leaves behind and holds its output, as a compile server does, neither holds up the
// result nor is ended.
func TestWhatACommandLeavesBehind(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	r := runs(t, "daemon", addressVar+"="+ln.Addr().String())
	ended := make(chan error)
	go func() {
		_, err := r.Make(context.Background(), filepath.Join(r.Dir, "out"), r.Dir)
		ended <- err
	}()
	all := relatives(t, ln)
	all["command\n"].Write([]byte("x"))
	if err := <-ended; err != nil {
		t.Error(err)
	}
	left := all["compiler\n"]
	left.Write([]byte("x"))
	if _, err := io.ReadFull(left, make([]byte, 1)); err != nil {
		t.Errorf("the compiler has ended: %v", err)
	}
	left.(*net.TCPConn).CloseWrite()
	io.Copy(io.Discard, left) // it leaves by itself
}
