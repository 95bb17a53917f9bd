//go:build !unix && !windows

package restarter

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
)

// Plan 9 has what it takes; js and wasip1 cannot start a process, and LaunchChild says so.

var stops = []os.Signal{os.Interrupt}

var terminate = os.Interrupt

func reload(os.Signal) bool { return false }

func listenFor(c chan<- os.Signal) { signal.Notify(c, stops...) }

func fromTerminal(os.Signal) bool { return false }

func exitCode(state *os.ProcessState) int { return state.ExitCode() }

func signalCode(os.Signal) int { return 128 + 2 }

func alive(pid int) bool { return exists("/proc/" + strconv.Itoa(pid)) }

func parentWatch(pid int) (gone func() bool) {
	return func() bool { return os.Getppid() != pid }
}

func ownGroup(*exec.Cmd) {}

func interruptGroup(pid int) error { return killGroup(pid) }

func killGroup(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

func ours(info os.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }

// lockFile: the mode lets one process at a time have the file open.
func lockFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600|os.ModeExclusive)
}

const inherits = false

func inUse(error) bool { return false } // no socket of the parent's can be in the way

func closeOnExec(int) bool { return false }

// messages is standard error itself: nobody dies of writing to it here.
func messages() *os.File { return nil }
