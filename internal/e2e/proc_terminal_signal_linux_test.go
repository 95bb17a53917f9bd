package e2e

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/lib537/restarter"
)

func init() {
	// A program that leads a process group of its own.
	programs["own group"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		if err := syscall.Setpgid(0, 0); err != nil {
			panic(err)
		}
		interrupts := make(chan os.Signal, 1)
		signal.Notify(interrupts, os.Interrupt)
		fmt.Println("child", os.Getpid())
		fmt.Println("got", <-interrupts)
		os.Exit(7)
	}
}

// A signal to the parent alone, although there is a terminal which might have sent it to both.
func TestSignalToTheParentInATerminal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			_, p, _ := talkInTerminal(t, "-catch")
			send(t, p.cmd.Process.Pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.wantExit(7)
			p.expect(1, "^cleaned up ")
		})
	}
	// It looks like Ctrl-C, which the child has had.
	t.Run("interrupt", func(t *testing.T) {
		_, p, pid := talkInTerminal(t, "-catch")
		send(t, p.cmd.Process.Pid, syscall.SIGINT)
		send(t, p.cmd.Process.Pid, syscall.SIGUSR1) // passed on, behind it
		p.await("^got user defined signal 1$")
		p.wantExit(7)
		p.expect(0, "^got interrupt$")
		p.expect(1, fmt.Sprintf("^child %d ", pid))
	})
}

func TestSignalToTheChildInATerminal(t *testing.T) {
	for _, sig := range stopSignals {
		t.Run(sig.String(), func(t *testing.T) {
			_, p, child := talkInTerminal(t, "-catch")
			send(t, child, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.wantExit(7)
			p.expect(1, "^cleaned up ")
		})
	}
}

// The terminal goes away: the kernel sends SIGHUP.
func TestTerminalIsClosed(t *testing.T) {
	for _, args := range [][]string{nil, {"-catch"}, {"-wait"}} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			tty, p, _ := talkInTerminal(t, args...)
			tty.keys.Close()
			code := 128 + 1
			if len(args) > 0 && args[0] == "-catch" {
				code = 7
			}
			p.wantExit(code)
			p.expect(1, "^child ")
		})
	}
}

func TestChildReadsTheTerminal(t *testing.T) {
	tty, p, _ := talkInTerminal(t)
	for _, text := range []string{"one", "two", "three"} {
		tty.write("echo " + text + "\n")
		p.await("^" + text + "$")
		tty.write("exit 75\n")
		p.child()
	}
	tty.write("exit 0\n")
	p.wantExit(0)
}
