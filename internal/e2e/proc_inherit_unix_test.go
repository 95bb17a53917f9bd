//go:build unix

package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lib537/restarter"
)

// What a program is started with is the child's too.

func init() {
	// A program that says what it was started with, and restarts when it reads a line.
	programs["heir"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		for _, fd := range []uintptr{3, 5, 20} {
			text := make([]byte, 100)
			n, _ := os.NewFile(fd, "inherited").ReadAt(text, 0)
			fmt.Printf("descriptor %d has %q\n", fd, text[:n])
		}
		for _, name := range []string{"LISTEN_PID", "WATCHDOG_PID", "LISTEN_FDS"} {
			value := os.Getenv(name)
			if value == fmt.Sprint(os.Getpid()) {
				value = "me"
			}
			fmt.Println(name, "is", value)
		}
		fmt.Println("ready", os.Getpid(), restarter.ShouldRestart())
		if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
			os.Exit(0)
		}
		os.Exit(restarter.ExitCode)
	}
	// A program that has its socket from whoever has started it, as descriptor 3.
	programs["activated"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		ln, err := net.FileListener(os.NewFile(3, "socket"))
		if err != nil {
			panic(err)
		}
		left := answer([]net.Listener{ln})
		fmt.Println("ready", os.Getpid())
		ctx, stop := restarter.NotifyContext(context.Background())
		defer stop()
		one := make([]byte, 1)
		n, _ := os.Stdin.Read(one)
		ln.Close()
		left.Wait()
		if n > 0 || ctx.Err() != nil {
			os.Exit(restarter.ExitCode)
		}
	}
	// A program that says which descriptors it has.
	programs["descriptors"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		fmt.Println("ready with", strings.Join(openDescriptors(), " "))
		os.Exit(4)
	}
}

// openDescriptors returns those of a process that would go on in a program that it executes.
func openDescriptors() (list []string) {
	for fd := 0; fd < 256; fd++ {
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
		if errno == 0 && flags&syscall.FD_CLOEXEC == 0 {
			list = append(list, fmt.Sprint(fd))
		}
	}
	return list
}

// prog 3<file 5<file 19<file 20<file
func TestInheritedDescriptors(t *testing.T) {
	cmd := command(t, "heir")
	cmd.ExtraFiles = make([]*os.File, 18)
	for fd, content := range map[int]string{3: "first", 5: "second", 19: "third", 20: "last"} {
		name := filepath.Join(t.TempDir(), "file")
		save(t, name, content)
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.ExtraFiles[fd-3] = f
	}
	p := start(t, cmd)
	for i := 0; i < 3; i++ {
		p.await(`^descriptor 3 has "first"$`)
		p.await(`^descriptor 5 has "second"$`)
		p.await(`^descriptor 20 has "last"$`)
		p.await("^ready")
		p.do("")
	}
	p.await("^ready")
	p.stdin.Close()
	p.wantExit(0)
}

// A socket of systemd or inetd outlives every restart, and no client is refused.
func TestInheritedSocket(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "activated")
	cmd.ExtraFiles = []*os.File{f}
	p := start(t, cmd)
	f.Close()
	ln.Close()
	pid := p.await("^ready (.*)$")[1]
	load := startLoad(func() error {
		_, err := question("tcp", ln.Addr().String())
		return err
	})
	for i := 0; i < 5; i++ {
		p.stdin.Write([]byte{'r'})
		next := p.await("^ready (.*)$")[1]
		if next == pid {
			t.Error("the child was not restarted")
		}
		pid = next
	}
	load.end()
	if len(load.failed) > 0 {
		t.Errorf("requests have failed: %v", load.failed)
	}
	p.stdin.Close()
	p.wantExit(0)
	checkFree(t, "tcp", ln.Addr().String())
}

// The variables by which systemd names the process that it has started name the child, and so
// does every restart; those that name another process do not.
func TestVariablesThatNameTheProcess(t *testing.T) {
	cmd := inShell(t, `LISTEN_PID=$$ LISTEN_FDS=2 WATCHDOG_PID=1 exec "$0" "$@"`, command(t, "heir"))
	p := start(t, cmd)
	for i := 0; i < 2; i++ {
		p.await("^LISTEN_PID is me$")
		p.await("^WATCHDOG_PID is 1$")
		p.await("^LISTEN_FDS is 2$")
		p.await("^ready")
		p.do("")
	}
	p.await("^ready")
	p.stdin.Close()
	p.wantExit(0)
}

// The child inherits nothing that its parent was not started with, whatever that has open; nor does
// standard input that does not block change anything.
func TestNothingElseIsInherited(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	var want string
	for _, value := range []string{variable + "=off", variable + "="} {
		for _, blocks := range []bool{true, false} {
			if err := syscall.SetNonblock(int(r.Fd()), !blocks); err != nil {
				t.Fatal(err)
			}
			cmd := command(t, "descriptors")
			cmd.Env = append(cmd.Env, value)
			cmd.Stdin = r
			p := start(t, cmd)
			got := p.await("^ready with (.*)$")[1]
			p.wantExit(4)
			if want == "" {
				want = got // of the program without a parent
			}
			if got != want {
				t.Errorf("%s, standard input blocks %t: descriptors %s, want %s", value, blocks, got, want)
			}
		}
	}
}
