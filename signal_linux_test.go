package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

func init() {
	programs["shell"] = shell
}

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

func ioctl(f *os.File, request uintptr, arg *int32) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(arg)))
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
	if err := ioctl(keys, syscall.TIOCGPTN, &n); err != nil {
		t.Skip("no terminal can be opened: ", err)
	}
	if err := ioctl(keys, syscall.TIOCSPTLCK, &unlocked); err != nil {
		t.Fatal(err)
	}
	const tiocgptpeer = 0x5441 // opens the other side also where /dev/pts is not ours
	var f *os.File
	if fd, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keys.Fd(), tiocgptpeer, syscall.O_RDWR|syscall.O_NOCTTY); errno == 0 {
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

const ctrlC, ctrlZ, ctrlBackslash = "\x03", "\x1a", "\x1c"

// The parent is stopped while the child gets its Ctrl-C, so that one which the parent passed on
// could not merge with it. A process takes what is pending in the order of the numbers: SIGUSR1,
// which the parent does pass on, would come behind it.
func TestCtrlCReachesTheChildOnce(t *testing.T) {
	cmd := command(t, "talk", "-catch", "-stay")
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	p.child()
	send(t, cmd.Process.Pid, syscall.SIGSTOP)
	for state(cmd.Process.Pid) != "T" { // as soon as all its threads have been reached
	}
	tty.write(ctrlC)
	p.await("^got interrupt$")
	send(t, cmd.Process.Pid, syscall.SIGUSR1)
	send(t, cmd.Process.Pid, syscall.SIGCONT)
	p.await("^got user defined signal 1$")
	tty.write("exit 7\n")
	p.wantExit(7)
	p.wantCount(1, "^got interrupt$")
	p.wantCount(1, "^child ")
}

func TestCtrlCCleansUpOnce(t *testing.T) {
	cmd := command(t, "talk", "-catch")
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	p.child()
	tty.write(ctrlC)
	p.await("^cleaned up ")
	p.wantExit(7)
	p.wantCount(1, "^got ")
	p.wantCount(1, "^cleaned up ")
}

func TestCtrlCWithoutHandlers(t *testing.T) {
	for _, args := range [][]string{nil, {"-wait"}} {
		args := args
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			cmd := command(t, "talk", args...)
			tty := inTerminal(t, cmd)
			p := start(t, cmd)
			p.child()
			tty.write(ctrlC)
			p.wantExit(128 + 2)
			p.wantCount(1, "^child ")
		})
	}
}

// A program that takes Ctrl-C for an order to restart.
func TestCtrlCThen75(t *testing.T) {
	cmd := command(t, "talk", "-catch", "-stay")
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	p.child()
	tty.write(ctrlC)
	p.await("^got interrupt$")
	tty.write("leave\n")
	p.wantExit(0)
	p.wantCount(1, "^child ")
	p.wantCount(1, "^cleaned up ")
}

// A program for which Ctrl-C is not the end goes on, and is restarted as before.
func TestCtrlCThatIsSurvived(t *testing.T) {
	file := tempFile(t)
	cmd := command(t, "talk", "-catch", "-stay", "-settled=0", "-track="+file)
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	p.child()
	tty.write(ctrlC)
	p.await("^got interrupt$")
	save(t, file, "changed")
	p.await("^told: .*file$")
	tty.write("leave\n")
	p.child()
	tty.write(ctrlC)
	p.await("^got interrupt$")
	tty.write("leave\n") // with 75, and not because it was told to
	p.wantExit(0)
	p.wantCount(2, "^child ")
}

func TestCtrlCWhileItWaits(t *testing.T) {
	for name, args := range map[string][]string{"WaitOnFailure": {"-wait"}, "back-off": {"-die"}} {
		name, args := name, args
		t.Run(name, func(t *testing.T) {
			cmd := command(t, "talk", args...)
			tty := inTerminal(t, cmd)
			p := start(t, cmd)
			p.child()
			if name == "WaitOnFailure" {
				tty.write("exit 3\n")
				p.await("waiting for a change$")
			} else {
				p.await("launching it again in ")
			}
			tty.write(ctrlC)
			p.wantExit(128 + 2)
		})
	}
}

func TestCtrlCEndsTheBuild(t *testing.T) {
	for _, args := range [][]string{nil, {"-catch"}, {"-wait"}} {
		args := args
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			b := newLongBuild(t)
			cmd := withShell(t, command(t, "talk", append(args, "-dir="+b.dir, "-build="+b.command)...))
			tty := inTerminal(t, cmd)
			p := start(t, cmd)
			p.watched()
			b.first()
			b.edit()
			p.await("main.go changed; building$")
			b.building()
			tty.write(ctrlC)
			code := 128 + 2
			if len(args) > 0 && args[0] == "-catch" {
				code = 7
			}
			p.wantExit(code)
			b.ended()
		})
	}
}

// Ctrl-\ reaches the child, twice it may be: the first ends it.
func TestCtrlBackslash(t *testing.T) {
	cmd := command(t, "talk")
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	p.child()
	tty.write(ctrlBackslash)
	p.await("^SIGQUIT: quit$")
	p.wantExit(2)
}

// A signal to the parent alone, although there is a terminal which might have sent it to both.
func TestSignalToTheParentInATerminal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			cmd := command(t, "talk", "-catch")
			inTerminal(t, cmd)
			p := start(t, cmd)
			p.child()
			send(t, cmd.Process.Pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.wantExit(7)
			p.wantCount(1, "^cleaned up ")
		})
	}
	// It looks like Ctrl-C, which the child has had.
	t.Run("interrupt", func(t *testing.T) {
		cmd := command(t, "talk", "-catch")
		inTerminal(t, cmd)
		p := start(t, cmd)
		pid := p.child()
		send(t, cmd.Process.Pid, syscall.SIGINT)
		send(t, cmd.Process.Pid, syscall.SIGUSR1) // passed on, behind it
		p.await("^got user defined signal 1$")
		p.wantExit(7)
		p.wantCount(0, "^got interrupt$")
		p.wantCount(1, fmt.Sprintf("^child %d ", pid))
	})
}

func TestSignalToTheChildInATerminal(t *testing.T) {
	for _, sig := range stopSignals {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			cmd := command(t, "talk", "-catch")
			inTerminal(t, cmd)
			p := start(t, cmd)
			send(t, p.child(), sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.wantExit(7)
			p.wantCount(1, "^cleaned up ")
		})
	}
}

// The terminal goes away: the kernel sends SIGHUP.
func TestTerminalIsClosed(t *testing.T) {
	for _, args := range [][]string{nil, {"-catch"}, {"-wait"}} {
		args := args
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			cmd := command(t, "talk", args...)
			tty := inTerminal(t, cmd)
			p := start(t, cmd)
			p.child()
			tty.keys.Close()
			code := 128 + 1
			if len(args) > 0 && args[0] == "-catch" {
				code = 7
			}
			p.wantExit(code)
			p.wantCount(1, "^child ")
		})
	}
}

func TestChildReadsTheTerminal(t *testing.T) {
	cmd := command(t, "talk", "-settled=0")
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	for _, text := range []string{"one", "two", "three"} {
		p.child()
		tty.write("echo " + text + "\n")
		p.await("^" + text + "$")
		tty.write("exit 75\n")
	}
	p.child()
	tty.write("exit 0\n")
	p.wantExit(0)
}

// shell runs one command, talk, as a shell with job control does: in a group of its own, in
// the foreground of the terminal. When it is stopped, the terminal is the shell's, until
// SIGUSR1 says fg.
func shell() {
	signal.Ignore(syscall.SIGTTOU) // the others later: an ignored signal stays ignored in the job
	fg := make(chan os.Signal, 1)
	signal.Notify(fg, syscall.SIGUSR1)
	exe, _ := os.Executable()
	cmd := exec.Command(exe, os.Args[1:]...)
	cmd.Env = append(os.Environ(), programVar+"=talk")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	signal.Ignore(syscall.SIGTSTP, syscall.SIGTTIN)
	fmt.Println("job", cmd.Process.Pid)
	foreground := func(group int) {
		id := int32(group)
		if err := ioctl(os.Stdin, syscall.TIOCSPGRP, &id); err != nil {
			panic(err)
		}
	}
	for {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err == syscall.EINTR {
			continue
		} else if err != nil {
			panic(err)
		}
		if !status.Stopped() {
			fmt.Println("job ended with", status.ExitStatus())
			return
		}
		foreground(syscall.Getpgrp())
		fmt.Println("job stopped")
		<-fg
		foreground(cmd.Process.Pid)
		syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT)
	}
}

func TestJobControl(t *testing.T) {
	used.Store("talk", true)
	file := tempFile(t)
	cmd := command(t, "shell", "-settled=0", "-track="+file)
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	var job int
	// The two lines come in any order.
	pid := p.child()
	for _, line := range p.output() {
		if rest, ok := strings.CutPrefix(line, "job "); ok {
			job, _ = strconv.Atoi(rest)
		}
	}
	for round := 0; round < 2; round++ {
		tty.write(ctrlZ)
		p.await("^job stopped$")
		for state(pid) != "T" { // it gets the signal when the parent does, but takes its time
		}
		if job != 0 && state(job) != "T" {
			t.Errorf("the parent is in the state %s", state(job))
		}
		send(t, cmd.Process.Pid, syscall.SIGUSR1) // fg
		tty.write("echo goes on\n")
		p.await("^goes on$")
		save(t, file, "changed "+strconv.Itoa(round))
		p.await("^told: ")
		pid = p.child()
		tty.write("echo again\n")
		p.await("^again$")
	}
	tty.write(ctrlC)
	p.await("^job ended with 130$")
	p.wantExit(0)
	p.wantCount(3, "^child ")
}
