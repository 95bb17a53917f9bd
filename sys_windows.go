package restarter

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
)

var stops = []os.Signal{os.Interrupt, syscall.SIGTERM}

const terminate = syscall.SIGTERM

func reload(os.Signal) bool { return false }

func listenFor(c chan<- os.Signal) { signal.Notify(c, stops...) }

// fromTerminal: every such event comes from the console, which sends it to all its
// processes.
func fromTerminal(os.Signal) bool { return true }

func exitCode(state *os.ProcessState) int { return state.ExitCode() }

func signalCode(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 1
}

func alive(pid int) bool {
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return false
	}
	defer syscall.CloseHandle(h)
	event, _ := syscall.WaitForSingleObject(h, 0)
	return event == syscall.WAIT_TIMEOUT
}

// parentWatch holds a handle on the parent: its number may be given to another process.
func parentWatch(pid int) (gone func() bool) {
	h, err := syscall.OpenProcess(syscall.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return func() bool { return true }
	}
	return func() bool {
		event, _ := syscall.WaitForSingleObject(h, 0)
		return event != syscall.WAIT_TIMEOUT
	}
}

// ownGroup keeps Ctrl-C in the console away from the command.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// interruptGroup: there is no interrupt for a process that does not share our console
// group.
func interruptGroup(pid int) error { return killGroup(pid) }

func killGroup(pid int) error {
	return exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(pid)).Run()
}

// ours: the temporary directory is the user's own.
func ours(os.FileInfo) bool { return true }

// lockFile opens a file for this process alone.
func lockFile(name string) (*os.File, error) {
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

const inherits = false

func inUse(error) bool { return false } // no socket of the parent's can be in the way

func closeOnExec(int) bool { return false }

// messages is standard error itself: nobody dies of writing to it here.
func messages() *os.File { return nil }
