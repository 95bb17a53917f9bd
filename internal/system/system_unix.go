//go:build unix

package system

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
)

// PathVariable has the directories of executables.
const PathVariable = "PATH"

// CopyCommand copies the file that is its first argument to the second.
const CopyCommand = "cp"

// Stops are the signals that end a program, forwards those that are passed on besides.
var (
	Stops    = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}
	forwards = []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2}
)

// Terminate is the signal that asks a program to clean up and leave.
const Terminate = syscall.SIGTERM

// CanTerminate says whether a process can be sent Terminate.
const CanTerminate = true

// CanRemoveRunning says whether the file of a running program can be removed.
const CanRemoveRunning = true

// MayReload reports whether a program may take the signal as anything but an order to stop.
func MayReload(sig os.Signal) bool { return sig == syscall.SIGHUP }

// Notify has the signals delivered to c. Notify, not Ignore: an ignored signal stays
// ignored across exec. What was ignored from the start, as SIGHUP under nohup, stays so.
func Notify(c chan<- os.Signal) {
	for _, sig := range append(Stops, forwards...) {
		if !signal.Ignored(sig) {
			signal.Notify(c, sig)
		}
	}
}

// IsInterrupt reports whether a signal is taken for Ctrl-C, which the terminal sends to its whole foreground
// process group. Ctrl-\ sends SIGQUIT to the group too. But SIGQUIT is as often sent to one process, to see its
// goroutines, so it is not taken for that.
func IsInterrupt(sig os.Signal) bool { return sig == syscall.SIGINT }

// BrokenPipe is the exit code of a program that wrote to a pipe which nobody reads.
const BrokenPipe = 128 + int(syscall.SIGPIPE)

// HangUp is the exit code of a program that died of SIGHUP.
const HangUp = 128 + int(syscall.SIGHUP)

// SignalCode is the exit code of a program that a signal stopped, as a shell reports it.
func SignalCode(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 1
}

func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

func stateCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok {
		return exitCode(status)
	}
	return state.ExitCode()
}

// stolen reports whether something else in this process has waited for the command.
func stolen(err error) bool { return errors.Is(err, syscall.ECHILD) }

// TerminateSelf asks this very process to clean up and leave.
func TerminateSelf() { syscall.Kill(os.Getpid(), syscall.SIGTERM) }

// Alive reports whether there is a process of this number that has not ended. One that has, and that nobody has
// waited for yet, is told apart where there is a /proc as on Linux.
func Alive(pid int) bool {
	if syscall.Kill(pid, 0) == syscall.ESRCH {
		return false
	}
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	name := bytes.LastIndex(stat, []byte(") "))
	return name < 0 || !bytes.HasPrefix(stat[name+2:], []byte("Z"))
}

// OwnSession starts a command as the leader of a session, and so of a process group: its
// own children can be ended with it, Ctrl-C does not reach it, and what it asks on the
// terminal fails at once instead of stopping it.
func OwnSession(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// OwnGroup starts a command as the leader of a process group.
func OwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// InterruptGroup asks all processes of a group to end.
func InterruptGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }

// KillGroup ends all processes of a group.
func KillGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }

// IsPrivate reports whether a file belongs to this user and is closed to all others.
func IsPrivate(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && info.Mode().Perm()&0o077 == 0
}

// IsTrusted reports whether only this user and root can write to a file or directory.
// A sticky bit does not help: others could still add files to a directory.
func IsTrusted(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && (int(st.Uid) == os.Geteuid() || st.Uid == 0) && info.Mode().Perm()&0o002 == 0
}

// Lock opens a file and takes its lock, or fails at once. It is a record lock, which every
// system has and NFS too: it goes with the process, and no child inherits it.
func Lock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
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

// Open opens a file for reading. It does not wait for a writer if that is a FIFO.
func Open(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Stderr returns another descriptor of standard error, or nil if there is none. A write to standard
// error itself would kill the program (SIGPIPE) if its reader is gone.
func Stderr() *os.File {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := syscall.Dup(2)
	if err != nil {
		return nil
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "stderr")
}

// AddressInUse reports whether a listener could not be opened because its address is taken.
func AddressInUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// modes says whether a file's mode has permissions.
const modes = true

// runnable reports whether this user may execute a file where it is.
func runnable(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil
}

// ParentGone returns a function that reports whether the parent of this process, pid, is gone:
// an orphan gets another one.
func ParentGone(pid int) func() bool {
	return func() bool { return os.Getppid() != pid }
}
