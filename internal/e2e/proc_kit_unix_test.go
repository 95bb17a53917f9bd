//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// stopCode is the exit code of a parent that stop has stopped while there was no child.
const stopCode = 128 + int(syscall.SIGTERM)

// signalsToCatch are those that a child of talk may have asked for.
var signalsToCatch = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}

var stopSignals = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}

// stop sends a process the signal that every service manager sends.
func stop(t testing.TB, pid int) {
	t.Helper()
	send(t, pid, syscall.SIGTERM)
}

func send(t testing.TB, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatalf("kill %d, %v: %v", pid, sig, err)
	}
}

// childrenTime is the processor time of all children that this process has waited for.
func childrenTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// withoutForks calls a function while this process starts no other.
func withoutForks(f func()) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	f()
}

func signalOf(number int) os.Signal { return syscall.Signal(number) }

// replaceMyself has this process run another program.
func replaceMyself(program string) {
	os.Setenv(programVar, program)
	exe, _ := os.Executable()
	err := syscall.Exec(exe, os.Args, os.Environ())
	panic(err)
}

// withoutTerminal has a command run in a session of its own.
func withoutTerminal(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// inShell has a shell run a command with an empty PATH: the script says how, with "$0" "$@" for
// the command.
func inShell(t testing.TB, script string, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	cmd.Args = append([]string{"sh", "-c", script, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = path
	return cmd
}

// withShell lets a command find what a shell script needs, but no go command. The directory is the
// first of PATH.
func withShell(t testing.TB, cmd *exec.Cmd) (bin string) {
	t.Helper()
	bin = t.TempDir()
	for _, tool := range []string{"sleep", "cat"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Env = append(cmd.Env, "PATH="+bin)
	return bin
}

// A pipe tells a test of processes that have it open.
type pipe struct {
	name  string
	wrote func() // waits for the first bytes
	ended func() // waits for the last writer to be gone: of a family of processes, all dead
}

// newPipe makes a named pipe, and opens it for reading.
func newPipe(t testing.TB) pipe {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if out, err := exec.Command("mkfifo", name).CombinedOutput(); err != nil {
		t.Skipf("mkfifo: %v\n%s", err, out)
	}
	wrote, closed := make(chan bool), make(chan bool)
	go func() {
		f, err := os.Open(name) // waits for a writer
		if err != nil {
			return
		}
		defer f.Close()
		b := make([]byte, 1<<10)
		for once := wrote; ; once = nil {
			if n, err := f.Read(b); n == 0 || err != nil {
				close(closed)
				return
			}
			if once != nil {
				close(once)
			}
		}
	}()
	return pipe{name, func() { <-wrote }, func() { <-closed }}
}
