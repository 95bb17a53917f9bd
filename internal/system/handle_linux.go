package system

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// A handle is a descriptor of a process (pidfd). Since Linux 6.15 it tells the exit code even
// after somebody else has waited for the process.
type handle struct{ fd int }

func (h *handle) open(pid int) {
	const pidfdOpen = 434 // on every machine that Go knows
	fd, _, errno := syscall.Syscall(pidfdOpen, uintptr(pid), 0, 0)
	if h.fd = int(fd); errno != 0 {
		h.fd = -1
	}
}

func (h *handle) close() {
	if h.fd >= 0 {
		syscall.Close(h.fd)
	}
	h.fd = -1
}

func (h *handle) code() (code int, ok bool) {
	switch runtime.GOARCH {
	case "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le":
		return 0, false // where the number of the request is another
	}
	const getInfo, infoExit = 0xC040FF0B, 1 << 3
	info := struct {
		mask, cgroup uint64
		ids          [11]uint32
		status       int32
	}{mask: infoExit}
	// The kernel has the code a little after it has told whoever waits for the process.
	const tries = 50
	for i := 0; i < tries; i++ {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(h.fd), getInfo, uintptr(unsafe.Pointer(&info)))
		if errno != 0 && errno != syscall.ESRCH {
			break
		}
		if errno == 0 && info.mask&infoExit != 0 {
			return exitCode(syscall.WaitStatus(info.status)), true
		}
		info.mask = infoExit
		time.Sleep(time.Millisecond)
	}
	return 0, false
}

// Self leads to the file of the executable that runs, even after that was removed.
const Self = "/proc/self/exe"
