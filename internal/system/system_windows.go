package system

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
)

const PathVariable = "PATH"

// CopyCommand copies the file that is its first argument to the second.
const CopyCommand = "cmd /c copy /b /y"

var Stops = []os.Signal{os.Interrupt, syscall.SIGTERM}

const Terminate = syscall.SIGTERM

// CanTerminate is false: a process can only be killed here.
const CanTerminate = false

// CanRemoveRunning is false: the file of a running program stays, by whatever name.
const CanRemoveRunning = false

func MayReload(os.Signal) bool { return false }

func Notify(c chan<- os.Signal) { signal.Notify(c, Stops...) }

// IsInterrupt: every such event comes from the console, which sends it to all its processes.
func IsInterrupt(os.Signal) bool { return true }

// BrokenPipe is no exit code of this system.
const BrokenPipe = -1

// HangUp is none either.
const HangUp = -1

func SignalCode(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 1
}

func stateCode(state *os.ProcessState) int { return state.ExitCode() }

func stolen(error) bool { return false }

// TerminateSelf does nothing: there is no such signal here.
func TerminateSelf() {}

func Alive(pid int) bool {
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return false
	}
	defer syscall.CloseHandle(h)
	event, _ := syscall.WaitForSingleObject(h, 0)
	return event == syscall.WAIT_TIMEOUT
}

// OwnSession keeps Ctrl-C in the console away from the command.
func OwnSession(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// OwnGroup does nothing: the console's events reach a child in any case.
func OwnGroup(*exec.Cmd) {}

// InterruptGroup kills: there is no interrupt for a process outside our console group.
func InterruptGroup(pid int) error { return KillGroup(pid) }

func KillGroup(pid int) error {
	return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(pid)).Run()
}

// IsPrivate is always true: the temporary directory is the user's own.
func IsPrivate(os.FileInfo) bool { return true }

// IsTrusted is always true: the access rights of this system are not in a FileInfo.
func IsTrusted(os.FileInfo) bool { return true }

// Lock opens a file for this process alone.
func Lock(name string) (*os.File, error) {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(path, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}

func Open(name string) (*os.File, error) { return os.Open(name) }

// Stderr returns nil: nobody dies of writing to standard error here.
func Stderr() *os.File { return nil }

// AddressInUse is always false: no parent holds a socket here.
func AddressInUse(error) bool { return false }

const modes = false

func runnable(string) bool { return true }

// ParentGone holds a handle on the parent: its number may be given to another process.
func ParentGone(pid int) func() bool {
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return func() bool { return true }
	}
	return func() bool {
		event, _ := syscall.WaitForSingleObject(h, 0)
		return event != syscall.WAIT_TIMEOUT
	}
}
