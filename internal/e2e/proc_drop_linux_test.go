package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lib537/restarter"
)

func init() {
	// A server that root starts, and that is nobody as soon as it listens.
	programs["nobody"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		ln, err := restarter.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		const nobody = 65534
		syscall.Setgroups(nil)
		syscall.Setgid(nobody)
		if err := syscall.Setuid(nobody); err != nil {
			panic(err)
		}
		fmt.Println("listens at", ln.Addr(), "as", os.Getuid())
		talk()
	}
}

// A child that has dropped its privileges is restarted by a change and by a deploy, and keeps
// its socket.
func TestDroppedPrivileges(t *testing.T) {
	slow(t)
	used.Store("nobody", true)
	if os.Getuid() != 0 {
		t.Skip("only the superuser can become somebody else")
	}
	file := tempFile(t)
	cmd := command(t, "nobody", "-track="+file)
	exe := filepath.Join(t.TempDir(), "app")
	copyProgram(t, exe, 'A')
	cmd.Path, cmd.Args[0] = exe, exe
	for dir := filepath.Dir(file); dir != filepath.Dir(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		os.Chmod(dir, 0o755) // so that nobody can read the file
	}
	p := start(t, cmd)
	where := p.await("^listens at (.*) as 65534$")[1]
	again := func() {
		t.Helper()
		if now := p.await("^listens at (.*) as 65534$")[1]; now != where {
			t.Errorf("listens at %s, then at %s", where, now)
		}
		p.child()
	}
	p.child()
	for i := 0; i < 2; i++ {
		save(t, file, fmt.Sprint("changed ", i))
		p.await("^told: .*file$")
		again()
	}
	copyProgram(t, exe+".new", 'B')
	rename(t, exe+".new", exe)
	p.await("^restarter: .*app was replaced; restarting$")
	again()
	// The child cannot remove the private directory of another user.
	stop(t, cmd.Process.Pid)
	p.wantExit(128 + 15)
}
