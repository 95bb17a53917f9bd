package say

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// On a terminal in raw mode a new line does not begin at the left by itself; on any other it does.
func TestRawTerminal(t *testing.T) {
	for _, raw := range []bool{false, true} {
		keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
		if err != nil {
			t.Skip("no terminal can be opened: ", err)
		}
		defer keys.Close()
		ioctl := func(f *os.File, request uintptr, arg unsafe.Pointer) bool {
			_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(arg))
			return errno == 0
		}
		var unlocked int32
		ioctl(keys, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
		const tiocgptpeer = 0x5441 // opens the other side
		fd, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keys.Fd(), tiocgptpeer, syscall.O_RDWR|syscall.O_NOCTTY)
		if errno != 0 {
			t.Skip("no terminal can be opened: ", errno)
		}
		tty := os.NewFile(fd, "terminal")
		defer tty.Close()
		var settings syscall.Termios
		if !ioctl(tty, syscall.TCGETS, unsafe.Pointer(&settings)) {
			t.Fatal("no settings")
		}
		if raw {
			settings.Oflag &^= syscall.OPOST
		}
		if !ioctl(tty, syscall.TCSETS, unsafe.Pointer(&settings)) {
			t.Fatal("the settings cannot be changed")
		}
		cmd, stdout := talk(t)
		cmd.Stderr = tty
		err = cmd.Run()
		wantDone(t, err, stdout)
		want := strings.ReplaceAll(said, "\n", "\r\n")
		got := make([]byte, 0, 2*len(want))
		for len(got) < len(want) {
			n, err := keys.Read(got[len(got):cap(got)])
			check(t, err)
			got = got[:len(got)+n]
		}
		if string(got) != want {
			t.Errorf("raw %t: %q, want %q", raw, got, want)
		}
	}
}
