package system

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// openTerminal opens both sides of a new terminal, or skips the test.
func openTerminal(t *testing.T) (keys, tty *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminal can be opened: ", err)
	}
	t.Cleanup(func() { keys.Close() })
	var unlocked int32
	const tiocgptpeer = 0x5441 // opens the other side
	ioctl(keys.Fd(), syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	fd, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keys.Fd(), tiocgptpeer, syscall.O_RDWR|syscall.O_NOCTTY)
	if errno != 0 {
		t.Skip("no terminal can be opened: ", errno)
	}
	tty = os.NewFile(fd, "terminal")
	t.Cleanup(func() { tty.Close() })
	return keys, tty
}

func TestIsRaw(t *testing.T) {
	_, tty := openTerminal(t)
	if IsRaw(tty) {
		t.Error("a new terminal is raw")
	}
	var now syscall.Termios
	if !ioctl(tty.Fd(), getTermios, unsafe.Pointer(&now)) {
		t.Fatal("no settings")
	}
	now.Oflag &^= syscall.OPOST
	if !ioctl(tty.Fd(), setTermios, unsafe.Pointer(&now)) {
		t.Fatal("the settings cannot be changed")
	}
	if !IsRaw(tty) {
		t.Error("it is not raw, with output as it is written")
	}
	file, err := os.Create(t.TempDir() + "/file")
	check(t, err)
	defer file.Close()
	if IsRaw(file) {
		t.Error("a file is raw")
	}
}

// What closes on exec was opened here.
func TestClosesOnExec(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	defer w.Close()
	fd, err := syscall.Dup(int(r.Fd()))
	check(t, err)
	defer syscall.Close(fd)
	if !ClosesOnExec(int(r.Fd())) || ClosesOnExec(fd) || ClosesOnExec(1<<20) {
		t.Errorf("%t, %t, %t", ClosesOnExec(int(r.Fd())), ClosesOnExec(fd), ClosesOnExec(1<<20))
	}
}
