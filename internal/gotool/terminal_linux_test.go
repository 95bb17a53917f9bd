package gotool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

func init() {
	// ask does what a command does that wants a password.
	programs["ask"] = func() {
		n, err := os.Stdin.Read(make([]byte, 1))
		fmt.Println("standard input:", n, err)
		f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			fmt.Println("no terminal:", err)
			os.Exit(1)
		}
		fmt.Println("reads from the terminal")
		f.Read(make([]byte, 1))
	}
	// generate runs the command on a terminal, and says what comes of it.
	programs["generate"] = func() {
		_, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		check(err) // else the test would show nothing
		dir, err := os.Getwd()
		check(err)
		r := Recipe{Dir: dir, Generate: []string{os.Args[0]}, Env: append(os.Environ(), programVar+"=ask")}
		said, err := r.Generates(context.Background())
		fmt.Fprintf(os.Stderr, "%serror: %v\n", said, err)
	}
}

// A command has no terminal, though its parent has one: what it asks there fails at once, instead
// of waiting for an answer that nobody knows to give.
func TestACommandHasNoTerminal(t *testing.T) {
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminal can be opened: ", err)
	}
	defer keys.Close()
	var unlocked int32
	const tiocgptpeer = 0x5441 // opens the other side
	_, _, errno1 := syscall.Syscall(syscall.SYS_IOCTL, keys.Fd(), syscall.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlocked)))
	fd, _, errno2 := syscall.Syscall(syscall.SYS_IOCTL, keys.Fd(), tiocgptpeer, syscall.O_RDWR|syscall.O_NOCTTY)
	if errno1 != 0 || errno2 != 0 {
		t.Skip("no terminal can be opened: ", errno1, errno2)
	}
	tty := os.NewFile(fd, "terminal")
	defer tty.Close()

	cmd := exec.Command(executable(t))
	cmd.Dir, cmd.Stdin = t.TempDir(), tty
	cmd.Env = append(os.Environ(), programVar+"=generate")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &text)
	}
	for _, want := range []string{"standard input: 0 EOF\n", "no terminal: ", "error: gotool.test: exit code 1\n"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, &text)
		}
	}
}
