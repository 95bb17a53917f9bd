//go:build !unix && !windows

package system

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
)

// Plan 9 has what it takes; js and wasip1 cannot start a process, and LaunchChild says so.

// PathVariable is where Plan 9 has the directories of executables.
const PathVariable = "path"

// CopyCommand copies the file that is its first argument to the second.
const CopyCommand = "cp"

var Stops = []os.Signal{os.Interrupt}

var Terminate = os.Interrupt

const CanTerminate = false

const CanRemoveRunning = true

func MayReload(os.Signal) bool { return false }

func Notify(c chan<- os.Signal) { signal.Notify(c, Stops...) }

func IsInterrupt(os.Signal) bool { return false }

const BrokenPipe = -1

const HangUp = -1

func SignalCode(os.Signal) int { return 128 + 2 }

func stateCode(state *os.ProcessState) int { return state.ExitCode() }

func stolen(error) bool { return false }

func TerminateSelf() {}

func Alive(pid int) bool { return Exists("/proc/" + strconv.Itoa(pid)) }

func OwnSession(*exec.Cmd) {}

func OwnGroup(*exec.Cmd) {}

func InterruptGroup(pid int) error { return KillGroup(pid) }

func KillGroup(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

func IsPrivate(info os.FileInfo) bool { return info.Mode().Perm()&0o077 == 0 }

func IsTrusted(info os.FileInfo) bool { return info.Mode().Perm()&0o002 == 0 }

// Lock opens a file whose mode lets one process at a time have it open.
func Lock(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600|os.ModeExclusive)
}

func Open(name string) (*os.File, error) { return os.Open(name) }

func Stderr() *os.File { return nil }

func AddressInUse(error) bool { return false }

const modes = true

func runnable(string) bool { return true }

func ParentGone(pid int) func() bool {
	return func() bool { return os.Getppid() != pid }
}
