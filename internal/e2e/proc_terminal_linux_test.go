package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"
)

// A terminal is what a person types at: typing writes to keys.
type terminal struct {
	t    *testing.T
	keys *os.File
}

func (tty *terminal) write(keys string) {
	tty.t.Helper()
	if _, err := tty.keys.WriteString(keys); err != nil {
		tty.t.Fatal(err)
	}
}

func ioctl(f *os.File, request uintptr, arg unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(arg))
	if errno != 0 {
		return os.NewSyscallError("ioctl", errno)
	}
	return nil
}

// inTerminal has a command run in a session of its own, with a new terminal as its standard
// input and controlling terminal.
func inTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminal can be opened: ", err)
	}
	var n, unlocked int32
	if err := ioctl(keys, syscall.TIOCGPTN, unsafe.Pointer(&n)); err != nil {
		t.Skip("no terminal can be opened: ", err)
	}
	if err := ioctl(keys, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked)); err != nil {
		t.Fatal(err)
	}
	const tiocgptpeer = 0x5441 // opens the other side also where /dev/pts is not ours
	var f *os.File
	if fd, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keys.Fd(), tiocgptpeer, syscall.O_RDWR|syscall.O_NOCTTY|syscall.O_CLOEXEC); errno == 0 {
		f = os.NewFile(fd, "terminal")
	} else if f, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Skip("no terminal can be opened: ", err)
	}
	cmd.Stdin = f
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	t.Cleanup(func() {
		f.Close()
		keys.Close()
	})
	return &terminal{t, keys}
}

// talkInTerminal starts talk in a terminal, and waits for its child.
func talkInTerminal(t *testing.T, args ...string) (tty *terminal, p *process, child int) {
	t.Helper()
	cmd := command(t, "talk", args...)
	tty = inTerminal(t, cmd)
	p = start(t, cmd)
	return tty, p, p.child()
}

const ctrlC, ctrlZ, ctrlBackslash = "\x03", "\x1a", "\x1c"

// The parent is stopped while the child gets its Ctrl-C, so that one which the parent passed on
// could not merge with it. A process takes what is pending in the order of the numbers: SIGUSR1,
// which the parent does pass on, would come behind it.
func TestCtrlCReachesTheChildOnce(t *testing.T) {
	tty, p, _ := talkInTerminal(t, "-catch", "-stay")
	parent := p.cmd.Process.Pid
	send(t, parent, syscall.SIGSTOP)
	for state(parent) != "T" { // as soon as all its threads have been reached
	}
	tty.write(ctrlC)
	p.await("^got interrupt$")
	send(t, parent, syscall.SIGUSR1)
	send(t, parent, syscall.SIGCONT)
	p.await("^got user defined signal 1$")
	tty.write("exit 7\n")
	p.wantExit(7)
	p.expect(1, "^got interrupt$")
	p.expect(1, "^child ")
}

func TestCtrlCCleansUpOnce(t *testing.T) {
	tty, p, _ := talkInTerminal(t, "-catch")
	tty.write(ctrlC)
	p.await("^cleaned up ")
	p.wantExit(7)
	p.expect(1, "^got ")
	p.expect(1, "^cleaned up ")
}

func TestCtrlCWithoutHandlers(t *testing.T) {
	for _, args := range [][]string{nil, {"-wait"}} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			tty, p, _ := talkInTerminal(t, args...)
			tty.write(ctrlC)
			p.wantExit(128 + 2)
			p.expect(1, "^child ")
		})
	}
}

// A program that takes Ctrl-C for an order to restart.
func TestCtrlCThen75(t *testing.T) {
	tty, p, _ := talkInTerminal(t, "-catch", "-stay")
	tty.write(ctrlC)
	p.await("^got interrupt$")
	tty.write("leave\n")
	p.wantExit(0)
	p.expect(1, "^child ")
	p.expect(1, "^cleaned up ")
}

// A program for which Ctrl-C is not the end goes on, and some seconds later is restarted as before. A
// change that is saved sooner waits for that.
func TestCtrlCThatIsSurvived(t *testing.T) {
	slow(t)
	for _, soon := range []bool{false, true} {
		soon := soon
		t.Run(fmt.Sprint("soon ", soon), func(t *testing.T) {
			t.Parallel()
			file := tempFile(t)
			tty, p, _ := talkInTerminal(t, "-catch", "-stay", "-track="+file)
			tty.write(ctrlC)
			p.await("^got interrupt$")
			if soon {
				save(t, file, "changed")
			}
			p.await("^restarter: waiting for the program to exit, after signal interrupt$")
			p.expect(0, "^told: ")
			if !soon {
				save(t, file, "changed")
			}
			p.await("^told: .*file$")
			tty.write("leave\n")
			p.child()
			tty.write(ctrlC)
			p.await("^got interrupt$")
			tty.write("leave\n") // with 75, and not because it was told to
			p.wantExit(0)
			p.expect(2, "^child ")
		})
	}
}

// A program that shuts down is not brought back by a change that is seen meanwhile.
func TestCtrlCAndAChange(t *testing.T) {
	for order, code := range map[string]int{"exit 0": 0, "leave": 0, "exit 3": 3} {
		t.Run(order, func(t *testing.T) {
			file := tempFile(t)
			tty, p, _ := talkInTerminal(t, "-catch", "-stay", "-track="+file)
			tty.write(ctrlC)
			p.await("^got interrupt$")
			save(t, file, "changed")
			p.await("^restarter: .*file changed; restarting$")
			tty.write(order + "\n")
			p.wantExit(code)
			p.expect(1, "^child ")
		})
	}
}

func TestCtrlCWhileItWaits(t *testing.T) {
	t.Run("WaitOnFailure", func(t *testing.T) {
		tty, p, _ := talkInTerminal(t, "-wait")
		tty.write("exit 3\n")
		p.await("waiting for a change$")
		tty.write(ctrlC)
		p.wantExit(128 + 2)
	})
	t.Run("back-off", func(t *testing.T) {
		t.Parallel()
		tty, p, _ := talkInTerminal(t, "-die")
		p.await(pauses)
		tty.write(ctrlC)
		p.wantExit(128 + 2)
	})
}

func TestCtrlCEndsTheBuild(t *testing.T) {
	slow(t)
	for _, args := range [][]string{nil, {"-catch"}, {"-wait"}} {
		args := args
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			t.Parallel()
			b := newLongBuild(t)
			var tty *terminal
			p, _ := b.start(func(cmd *exec.Cmd) { tty = inTerminal(t, cmd) }, args...)
			b.edit(p)
			tty.write(ctrlC)
			code := 128 + 2
			if len(args) > 0 && args[0] == "-catch" {
				code = 7
			}
			p.wantExit(code)
			b.edited.ended()
		})
	}
}

// Ctrl-\ reaches the child, twice it may be: the first ends it.
func TestCtrlBackslash(t *testing.T) {
	tty, p, _ := talkInTerminal(t)
	tty.write(ctrlBackslash)
	p.await("^SIGQUIT: quit$")
	p.wantExit(2)
}

// A program that has left its parent's process group is sent nothing by the terminal.
func TestCtrlCReachesAnotherGroup(t *testing.T) {
	cmd := command(t, "own group")
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	p.bareChild()
	tty.write(ctrlC)
	p.await("^got interrupt$")
	p.wantExit(7)
}
