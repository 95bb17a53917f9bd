//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package system

import "syscall"

// ClosesOnExec reports whether a descriptor is closed when this process starts another: so it
// was opened here, since it would not have outlived the start of this one either.
func ClosesOnExec(fd int) bool {
	flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0)
	return errno == 0 && flags&syscall.FD_CLOEXEC != 0
}
