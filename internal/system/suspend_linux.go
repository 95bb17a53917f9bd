package system

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"unsafe"
)

// JobControl reports whether a shell may have this process stopped and go on. In the process group that leads the
// session there is none: the system takes no notice of Ctrl-Z there.
func JobControl() bool {
	session, _, _ := syscall.RawSyscall(syscall.SYS_GETSID, 0, 0, 0)
	return int(session) != syscall.Getpgrp()
}

// NotifySuspend has Ctrl-Z delivered to c; it no longer stops this process. What was ignored from the start stays so.
func NotifySuspend(c chan<- os.Signal) {
	if !signal.Ignored(syscall.SIGTSTP) {
		signal.Notify(c, syscall.SIGTSTP)
	}
}

// Suspend stops this process, as Ctrl-Z does, until somebody has it go on.
func Suspend() {
	// To this very thread: it does not go on before the whole process does.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGSTOP)
}

// AwaitStop waits until the process is stopped by a signal, and returns false when it has ended.
func (p *Process) AwaitStop() bool {
	_, ok := p.changed(syscall.WSTOPPED | syscall.WNOWAIT)
	return ok
}

// TakeStop reports whether the process is stopped, once for each time.
func (p *Process) TakeStop() bool {
	what, _ := p.changed(syscall.WSTOPPED | syscall.WNOHANG)
	return what
}

// Continue has the process go on, unless it has done so since TakeStop, and may even be stopped again.
func (p *Process) Continue() {
	if what, _ := p.changed(syscall.WCONTINUED | syscall.WSTOPPED | syscall.WNOHANG | syscall.WNOWAIT); !what {
		p.Cmd.Process.Signal(syscall.SIGCONT)
	}
}

// changed waits for a change of the process other than its end, which Wait is there for. It returns whether there was
// one, and whether the process is still there.
func (p *Process) changed(options uintptr) (what, ok bool) {
	const byPID = 1
	var info [16]uint64 // of which the first field is 0 if there was no change
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(p.Cmd.Process.Pid), uintptr(unsafe.Pointer(&info)), options, 0, 0)
		if errno != syscall.EINTR {
			return errno == 0 && info[0] != 0, errno == 0
		}
	}
}
