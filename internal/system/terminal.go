//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package system

import (
	"os"
	"syscall"
	"unsafe"
)

// A Terminal is the controlling terminal of this process, with its settings as they were
// found. The nil Terminal is none.
type Terminal struct {
	file  *os.File
	was   syscall.Termios
	front bool // this process was in its foreground group
	piped bool // standard output is a pipe, perhaps to a pager, which sets the terminal itself
}

// OpenTerminal returns the controlling terminal, or nil.
func OpenTerminal() *Terminal {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil
	}
	t := &Terminal{file: f}
	if !ioctl(f.Fd(), getTermios, unsafe.Pointer(&t.was)) {
		f.Close()
		return nil
	}
	t.front = t.group() == syscall.Getpgrp()
	out, err := os.Stdout.Stat()
	t.piped = err == nil && out.Mode()&os.ModeNamedPipe != 0 && !leadsSession()
	return t
}

// Restore gives the terminal its first settings and puts this process in the foreground, after the
// process dead, which may have led a foreground group of its own. It does not touch a terminal that
// another process uses by now, such as the shell after Ctrl-Z and bg.
func (t *Terminal) Restore(dead int) {
	if t == nil || !t.front {
		return
	}
	mine := int32(syscall.Getpgrp())
	front := t.group()
	if front != int(mine) && (front != dead || !canHoldTTOU) {
		return
	}
	if front != int(mine) {
		done := holdTTOU() // from the background each change would stop this process
		defer done()
		ioctl(t.file.Fd(), syscall.TIOCSPGRP, unsafe.Pointer(&mine))
	}
	var now syscall.Termios
	if !t.piped && !(ioctl(t.file.Fd(), getTermios, unsafe.Pointer(&now)) && now == t.was) {
		ioctl(t.file.Fd(), setTermios, unsafe.Pointer(&t.was))
	}
}

// IsOurs reports whether this process is in the foreground, or was at the start: a signal may have been
// typed, and whoever started this process may have taken the terminal back since.
func (t *Terminal) IsOurs() bool { return t != nil && (t.front || t.group() == syscall.Getpgrp()) }

// IsGone reports whether there was a terminal that is closed by now.
func (t *Terminal) IsGone() bool { return t != nil && t.group() == 0 }

// group returns the process group in the foreground.
func (t *Terminal) group() int {
	var group int32
	ioctl(t.file.Fd(), syscall.TIOCGPGRP, unsafe.Pointer(&group))
	return int(group)
}

// Close closes the terminal.
func (t *Terminal) Close() {
	if t != nil {
		t.file.Close()
	}
}

// IsRaw reports whether a file is a terminal on which a new line does not begin at the left.
func IsRaw(f *os.File) bool {
	var now syscall.Termios
	return ioctl(f.Fd(), getTermios, unsafe.Pointer(&now)) && now.Oflag&syscall.OPOST == 0
}

// SameGroup reports whether a process is in the process group of this one.
func SameGroup(pid int) bool {
	group, err := syscall.Getpgid(pid)
	return err != nil || group == syscall.Getpgrp()
}

func ioctl(fd uintptr, request uintptr, arg unsafe.Pointer) bool {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(arg))
	return errno == 0
}
