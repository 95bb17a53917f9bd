//go:build unix

package link

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/system"
)

func readAll(t *testing.T, f *os.File) string {
	t.Helper()
	if f == nil {
		t.Fatal("no file")
	}
	data := make([]byte, 100)
	n, _ := f.ReadAt(data, 0)
	return string(data[:n])
}

func tempFile(t *testing.T, content string) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// A file goes with its message, and with no other.
func TestFiles(t *testing.T) {
	p := start(t, "echo")
	p.send('a', "before", nil)
	for i := 0; i < 50; i++ {
		text := fmt.Sprint("file ", i)
		f := tempFile(t, text)
		p.send('f', text, f)
		p.send('n', "none", nil)
		if got := readAll(t, f); got != text { // it is still the sender's
			t.Errorf("%q, want %q", got, text)
		}
		f.Close()
	}
	if f := p.want('a', "before"); f != nil {
		t.Error("a file came with a message that has none")
	}
	for i := 0; i < 50; i++ {
		text := fmt.Sprint("file ", i)
		f := p.want('f', text)
		if got := readAll(t, f); got != text {
			t.Errorf("a file with %q, want %q", got, text)
		}
		if runtime.GOOS == "linux" && !system.ClosesOnExec(int(f.Fd())) {
			t.Error("what this process starts would inherit it")
		}
		f.Close()
		if f := p.want('n', "none"); f != nil {
			t.Error("a file came with a message that has none")
		}
	}
	long := strings.Repeat("x", 1<<20)
	p.send('f', long, tempFile(t, "long"))
	if got := readAll(t, p.want('f', long)); got != "long" {
		t.Errorf("a file with %q", got)
	}
}

// Several goroutines send files: the rest of a message follows its first byte, with which the file goes.
func TestFilesSideBySide(t *testing.T) {
	const senders, messages = 8, 300
	p := start(t, "echo")
	for i := 0; i < senders; i++ {
		go func(kind byte) {
			f, err := os.Open(os.DevNull)
			check(err)
			defer f.Close()
			for j := 0; j < messages; j++ {
				if err := p.line.Send(kind, strings.Repeat(string(rune(kind)), 1000), f); err != nil {
					t.Error(err)
				}
			}
		}(byte('a' + i))
	}
	for i := 0; i < senders*messages; i++ {
		kind, text, f, err := p.line.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if f == nil || text != strings.Repeat(string(rune(kind)), 1000) {
			t.Fatalf("%c with file %v, %d bytes %.20q", kind, f, len(text), text)
		}
		f.Close()
	}
}

// What goes over the line is the socket itself: it goes on when the sender closes its own.
func TestSockets(t *testing.T) {
	p := start(t, "echo")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	p.send('l', "", f)
	f.Close()
	ln.Close()
	back := p.want('l', "")
	again, err := net.FileListener(back)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	back.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if conn, err = again.Accept(); err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// A file that cannot be sent takes nothing else with it.
func TestAClosedFile(t *testing.T) {
	p := start(t, "echo")
	f := tempFile(t, "x")
	f.Close()
	if err := p.line.Send('f', "closed", f); err == nil {
		t.Error("a closed file was sent")
	}
	p.send('a', "next", nil)
	p.want('a', "next")
}

// pair returns the two ends of a line in this process.
func pair(t *testing.T) (a, b *Line) {
	t.Helper()
	cmd := new(exec.Cmd)
	a, _, started, err := Attach(cmd)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(int(cmd.ExtraFiles[len(cmd.ExtraFiles)-1].Fd()))
	started()
	if err != nil {
		t.Fatal(err)
	}
	c, err := newConn(fd)
	if err != nil {
		t.Fatal(err)
	}
	b = &Line{conn: c}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

// The other process does not read, as one that was stopped: Send gives up, and what was written in
// part is the last message, so that the next is not taken for the rest of it.
func TestTheOtherEndDoesNotRead(t *testing.T) {
	a, b := pair(t)
	if err := a.Send('a', "first", nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Send('b', strings.Repeat("x", 8<<20), nil); err == nil {
		t.Fatal("sent, though nobody reads")
	}
	if kind, text, _, err := b.Receive(); kind != 'a' || text != "first" || err != nil {
		t.Errorf("%c %q, error %v", kind, text, err)
	}
	// Now there is room again: what was waiting filled the buffer.
	size := 0
	raw, err := a.conn.(*unixConn).line.SyscallConn()
	check(err)
	check(raw.Control(func(fd uintptr) { size, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF) }))
	check(err)
	if _, err := io.ReadFull(b.conn, make([]byte, size/2)); err != nil {
		t.Fatal(err)
	}
	if err := a.Send('c', "behind it", nil); err == nil {
		t.Error("sent behind a part of a message")
	}
	a.Close()
	if kind, text, _, err := b.Receive(); err == nil {
		t.Errorf("%c, %d bytes", kind, len(text))
	}
}

// A length that is not ours is not believed.
func TestReceiveNonsense(t *testing.T) {
	a, b := pair(t)
	if _, err := a.conn.write([]byte("x\xff\xff\xff\xff\x00..."), nil, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if kind, text, _, err := b.Receive(); err == nil {
		t.Errorf("%c, %d bytes", kind, len(text))
	}
	a.Close()
}

// Only the socket of Attach is opened: its number may be that of another file in another process.
func TestOpenOfAnother(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fds[0])
	defer syscall.Close(fds[1])
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	tcp, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	file := tempFile(t, "x")
	var st syscall.Stat_t
	if err := syscall.Fstat(int(file.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	for what, name := range map[string]string{
		"another socket":         fmt.Sprint(fds[0], ".", identity(fds[0])+1),
		"the other end":          fmt.Sprint(fds[0], ".", identity(fds[1])),
		"a file":                 fmt.Sprint(file.Fd(), ".", st.Ino),
		"a file without a name":  fmt.Sprint(file.Fd(), ".0"),
		"a socket for strangers": fmt.Sprint(tcp.Fd(), ".", identity(int(tcp.Fd()))),
		"nothing":                "1000000.0",
	} {
		if what == "the other end" && identity(fds[0]) == identity(fds[1]) {
			continue // a system without numbers for sockets
		}
		if l, ok := Open(name); ok {
			l.Close()
			t.Errorf("%s was opened as %s", what, name)
		}
	}
	if _, err := syscall.Write(fds[0], []byte("x")); err != nil {
		t.Errorf("a socket that was refused is closed: %v", err)
	}
	if _, err := file.Stat(); err != nil {
		t.Errorf("a file that was refused is closed: %v", err)
	}
}
