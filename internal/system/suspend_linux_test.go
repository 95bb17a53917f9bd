package system

import (
	"syscall"
	"testing"
)

// A stop is seen once, unless the process has gone on by then; its end is left to Wait.
func TestStopsOfAProcess(t *testing.T) {
	cmd := command(t, "exit", "7")
	stdin, err := cmd.StdinPipe()
	check(t, err)
	p, err := Start(cmd)
	check(t, err)
	send := func(sig syscall.Signal) {
		t.Helper()
		check(t, p.Cmd.Process.Signal(sig))
	}
	for round := 0; round < 3; round++ {
		send(syscall.SIGSTOP)
		if !p.AwaitStop() || !p.AwaitStop() || !p.TakeStop() || p.TakeStop() {
			t.Fatal("a stop is not seen, or not once")
		}
		p.Continue()
		if went, _ := p.changed(syscall.WCONTINUED); !went {
			t.Fatal("it does not go on")
		}
		send(syscall.SIGSTOP)
		if !p.AwaitStop() {
			t.Fatal("a second stop is not seen")
		}
		p.Continue() // which is not for this one
		if !p.TakeStop() {
			t.Error("it is not stopped any more")
		}
		p.Continue()
		send(syscall.SIGSTOP)
		if !p.AwaitStop() {
			t.Fatal("a third stop is not seen")
		}
		send(syscall.SIGCONT)
		if p.TakeStop() {
			t.Error("it is said to be stopped, and has gone on")
		}
	}
	ended := make(chan bool)
	go func() { ended <- !p.AwaitStop() }()
	stdin.Close()
	if code, err := p.Wait(); code != 7 || err != nil {
		t.Errorf("exit code %d, error %v", code, err)
	}
	if !<-ended || p.AwaitStop() {
		t.Error("it is said to be stopped, and has ended")
	}
}
