//go:build unix

package restarter

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// stops are the signals that end a program, forwards those that are passed on besides.
var (
	stops    = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}
	forwards = []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2}
)

const terminate = syscall.SIGTERM

// reload reports whether a running child may take the signal as anything but an order to
// stop.
func reload(sig os.Signal) bool { return sig == syscall.SIGHUP }

// listenFor has the signals delivered to c. Notify, not Ignore: an ignored signal stays
// ignored across exec. What was ignored from the start, as SIGHUP under nohup, stays so.
func listenFor(c chan<- os.Signal) {
	for _, sig := range append(stops, forwards...) {
		if !signal.Ignored(sig) {
			signal.Notify(c, sig)
		}
	}
}

// fromTerminal reports whether the terminal has sent the signal to the child as well. An
// interrupt that somebody sends to the parent alone looks the same.
func fromTerminal(sig os.Signal) bool {
	if sig != syscall.SIGINT {
		return false
	}
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// exitCode is what a shell would report: 128+n for death by signal n.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// signalCode is the exit code of a parent that a signal stopped.
func signalCode(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 1
}

// alive reports whether there is a process of this number.
func alive(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }

// parentWatch returns a function that reports whether the parent, pid, is gone: an orphan
// gets another one.
func parentWatch(pid int) (gone func() bool) {
	return func() bool { return os.Getppid() != pid }
}

// messages returns another descriptor of standard error, if it can: of a write to that itself,
// when nobody can read it any more, the program would die.
func messages() *os.File {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Dup(2)
	if err != nil {
		return nil
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "stderr")
}

// ownGroup starts a command as the leader of a process group, so that its own children can
// be ended with it, and Ctrl-C in the terminal does not reach it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func interruptGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }
func killGroup(pid int) error      { return syscall.Kill(-pid, syscall.SIGKILL) }

// ours reports whether a directory belongs to this user and is closed to all others.
func ours(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}

// lockFile opens a file and takes its lock, or fails at once. A record lock, which every
// system has and NFS too: it goes with the process, and no child inherits it.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: 0}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &lock); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return f, nil
}

// inherits says whether a child can inherit descriptors.
const inherits = true

func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// closeOnExec keeps an inherited socket from this process's own children. It reports whether
// it is one, and leaves anything else alone.
func closeOnExec(fd int) bool {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		return false
	}
	syscall.CloseOnExec(fd)
	return true
}
