//go:build unix

package system

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func init() {
	// leave leaves a process behind that holds its output.
	programs["leave"] = func() {
		cmd := exec.Command(os.Args[0], "0")
		cmd.Env = append(os.Environ(), programVar+"=exit")
		cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		os.Exit(3)
	}
}

// A signal is reported as a shell does it.
func TestExitCodeOfASignal(t *testing.T) {
	for sig, want := range map[syscall.Signal]int{syscall.SIGKILL: 137, syscall.SIGTERM: 143} {
		cmd := command(t, "exit", "0")
		stdin, err := cmd.StdinPipe()
		check(t, err)
		p, err := Start(cmd)
		check(t, err)
		check(t, p.Cmd.Process.Signal(sig))
		if code, err := p.Wait(); code != want || err != nil {
			t.Errorf("%v: exit code %d, error %v, want %d", sig, code, err, want)
		}
		stdin.Close()
		if code := SignalCode(sig); code != want {
			t.Errorf("SignalCode(%v) is %d, want %d", sig, code, want)
		}
	}
	if code := SignalCode(syscall.SIGPIPE); code != BrokenPipe { // a Go program does not die of one that is sent to it
		t.Errorf("BrokenPipe is %d, want %d", BrokenPipe, code)
	}
}

// What the process has left behind, with its output, changes nothing about the code.
func TestExitCodeOfAProcessThatLeavesAnother(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	cmd := command(t, "leave")
	cmd.Stdin, cmd.Stdout, cmd.WaitDelay = r, new(bytes.Buffer), time.Millisecond
	p, err := Start(cmd)
	check(t, err)
	if code, err := p.Wait(); code != 3 || err != nil {
		t.Errorf("exit code %d, error %v", code, err)
	}
	w.Close()
}
