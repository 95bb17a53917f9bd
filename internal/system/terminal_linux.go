package system

import (
	"runtime"
	"syscall"
	"unsafe"
)

const getTermios, setTermios = syscall.TCGETS, syscall.TCSETS

// On a big-endian machine of 32 bits the signals are counted another way.
var canHoldTTOU = runtime.GOARCH != "mips"

// holdTTOU blocks SIGTTOU for the calling goroutine, until done is called. To ignore the signal would not
// do: that cannot be taken back, and children would inherit it.
func holdTTOU() (done func()) {
	runtime.LockOSThread()
	set, old := [2]uint64{1 << (syscall.SIGTTOU - 1)}, [2]uint64{}
	size := uintptr(8)
	const block, unblock = 0, 1
	how, undo := uintptr(block), uintptr(unblock)
	switch runtime.GOARCH {
	case "mips", "mipsle", "mips64", "mips64le":
		how, undo, size = 1, 2, 16
	}
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, how, uintptr(unsafe.Pointer(&set)), uintptr(unsafe.Pointer(&old)), size, 0, 0)
	return func() {
		syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, undo, uintptr(unsafe.Pointer(&set)), 0, size, 0, 0)
		runtime.UnlockOSThread()
	}
}

// leadsSession reports whether this process leads its session, so that no shell has started it.
func leadsSession() bool {
	session, _, _ := syscall.RawSyscall(syscall.SYS_GETSID, 0, 0, 0)
	return int(session) == syscall.Getpid()
}
