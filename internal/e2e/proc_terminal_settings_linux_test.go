package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/lib537/restarter"
)

// The settings of the terminal, after a child that has changed them.

func init() { programs["raw"] = rawProgram }

// settingsOf returns the settings of a terminal.
func settingsOf(f *os.File) (s syscall.Termios) {
	if err := ioctl(f, syscall.TCGETS, unsafe.Pointer(&s)); err != nil {
		panic(err)
	}
	return s
}

func makeRaw(f *os.File) {
	s := settingsOf(f)
	s.Lflag &^= syscall.ECHO | syscall.ICANON | syscall.ISIG
	s.Oflag &^= syscall.OPOST
	if err := ioctl(f, syscall.TCSETS, unsafe.Pointer(&s)); err != nil {
		panic(err)
	}
}

func (tty *terminal) settings() syscall.Termios { return settingsOf(tty.keys) }

func (tty *terminal) makeRaw() { makeRaw(tty.keys) }

// rawProgram is a program that has the terminal for itself, as an editor has, and never cleans up.
// A p on it means panic, an r restart.
func rawProgram() {
	var l restarter.Launcher
	flags := flag.NewFlagSet("raw", flag.ExitOnError)
	flags.DurationVar(&l.Grace, "grace", 0, "")
	flags.BoolVar(&l.WaitOnFailure, "wait", false, "")
	stays := flags.Bool("stay", false, "the child does not do what it is told")
	leads := flags.Bool("lead", false, "the child leads the foreground process group")
	flags.Parse(os.Args[1:])
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	if flags.NArg() > 0 {
		restarter.Track(flags.Arg(0))
	}
	fmt.Println("ignores", ignoredSignals())
	s := settingsOf(os.Stdin)
	sane := s.Lflag&syscall.ISIG != 0 && s.Lflag&syscall.ECHO != 0 && s.Oflag&syscall.OPOST != 0
	if *leads {
		if err := takeForeground(); err != nil {
			panic(err)
		}
	}
	makeRaw(os.Stdin)
	fmt.Println("child", os.Getpid(), "found it sane", sane)
	if !*stays {
		ctx, _ := restarter.NotifyContext(context.Background()) // a panic shall not end it
		go func() {
			<-ctx.Done()
			os.Exit(restarter.ExitCode)
		}()
	}
	for key := make([]byte, 1); ; {
		if n, _ := os.Stdin.Read(key); n == 0 {
			os.Exit(0)
		}
		switch key[0] {
		case 'p':
			panic("as told")
		case 'r':
			os.Exit(restarter.ExitCode)
		}
	}
}

// ignoredSignals are those that this process was started with.
func ignoredSignals() string {
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "SigIgn:")
	mask, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
	return mask
}

// takeForeground has this process lead a new process group, in the foreground.
func takeForeground() error {
	if err := syscall.Setpgid(0, 0); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGTTOU)
	group := int32(os.Getpid())
	return ioctl(os.Stdin, syscall.TIOCSPGRP, unsafe.Pointer(&group))
}

// startRaw starts the program in a terminal, and waits for its child.
func startRaw(t *testing.T, args ...string) (tty *terminal, p *process, child int) {
	t.Helper()
	cmd := command(t, "raw", args...)
	tty = inTerminal(t, cmd)
	p = start(t, cmd)
	return tty, p, p.sane()
}

// sane waits for a child that has found the terminal as it should be.
func (p *process) sane() (child int) {
	p.t.Helper()
	fmt.Sscan(p.await(`^child (\d+) found it sane true$`)[1], &child)
	return child
}

func TestTerminalAfterTheEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		code int
		end  func(tty *terminal, p *process, child int)
	}{
		{"panic", 2, func(tty *terminal, p *process, child int) { tty.write("p") }},
		{"child is killed", 128 + 9, func(tty *terminal, p *process, child int) { send(t, child, syscall.SIGKILL) }},
		{"parent is stopped", 128 + 15, func(tty *terminal, p *process, child int) { stop(t, p.cmd.Process.Pid) }},
	} {
		for _, arg := range []string{"-stay", "-lead"} {
			t.Run(test.name+" "+arg, func(t *testing.T) {
				cmd := command(t, "raw", arg)
				tty := inTerminal(t, cmd)
				was := tty.settings()
				p := start(t, cmd)
				child := p.sane()
				if tty.settings() == was {
					t.Error("the child has not changed the settings")
				}
				test.end(tty, p, child)
				p.wantExit(test.code)
				if now := tty.settings(); now != was {
					t.Errorf("the settings were %v, are %v", was, now)
				}
			})
		}
	}
}

// The next child finds what the first has found, whatever has become of that.
func TestTerminalOfTheNextChild(t *testing.T) {
	slow(t)
	for _, arg := range []string{"", "-lead"} {
		t.Run("leaves "+arg, func(t *testing.T) {
			tty, p, _ := startRaw(t, strings.Fields(arg)...)
			tty.write("r")
			p.sane()
			tty.write("p")
			p.wantExit(2)
		})
		t.Run("told "+arg, func(t *testing.T) {
			file := tempFile(t)
			tty, p, _ := startRaw(t, append(strings.Fields(arg), file)...)
			save(t, file, "changed")
			p.sane()
			tty.write("p")
			p.wantExit(2)
		})
		t.Run("Grace "+arg, func(t *testing.T) {
			file := tempFile(t)
			tty, p, _ := startRaw(t, append(strings.Fields(arg), "-stay", "-grace=100ms", file)...)
			save(t, file, "changed")
			p.await("did not exit within 100ms; ending it$")
			p.sane()
			tty.write("p")
			p.wantExit(2)
		})
	}
}

// What the parent does to the terminal leaves no trace in the signals that a child ignores.
func TestSignalsOfTheNextChild(t *testing.T) {
	cmd := command(t, "raw")
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	first := p.await("^ignores (.*)$")[1]
	p.sane()
	tty.write("r")
	if next := p.await("^ignores (.*)$")[1]; next != first {
		t.Errorf("the first child ignored the signals %s, the next one %s", first, next)
	}
	p.sane()
	tty.write("p")
	p.wantExit(2)
}

// After a panic in raw mode Ctrl-C ends the parent that waits, and a change launches a child.
func TestCtrlCAfterAPanicInRawMode(t *testing.T) {
	for _, arg := range []string{"-stay", "-lead"} {
		t.Run(arg, func(t *testing.T) {
			file := tempFile(t)
			tty, p, _ := startRaw(t, "-wait", arg, file)
			tty.write("p")
			p.await("waiting for a change$")
			save(t, file, "changed")
			p.sane()
			tty.write("p")
			p.await("waiting for a change$")
			tty.write(ctrlC)
			p.wantExit(128 + 2)
		})
	}
}

// What is said while the child has the terminal in raw mode begins at the left.
func TestMessagesInRawMode(t *testing.T) {
	file := tempFile(t)
	cmd := command(t, "raw", file)
	tty := inTerminal(t, cmd)
	p := start(t, inShell(t, `exec 2>/dev/tty; exec "$0" "$@"`, cmd))
	p.sane()
	save(t, file, "changed")
	var said []byte // another message may come first
	for b := make([]byte, 256); !regexp.MustCompile(`restarting\r?\n`).Match(said); {
		n, err := tty.keys.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		said = append(said, b[:n]...)
	}
	if !strings.Contains(string(said), "file changed; restarting\r\n") {
		t.Errorf("said: %q", said)
	}
	p.sane()
	send(t, p.cmd.Process.Pid, syscall.SIGTERM)
	p.exit()
	p.drain()
}
