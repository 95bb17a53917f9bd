//go:build unix

package e2e

import (
	"fmt"
	"os/signal"
	"syscall"
	"testing"
)

func init() {
	programs["nohup"] = func() {
		signal.Ignore(syscall.SIGHUP)
		replaceMyself("talk")
	}
}

func TestSignalToTheParentReachesTheChild(t *testing.T) {
	for _, sig := range stopSignals {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-catch")))
			pid := p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.await(fmt.Sprintf("^cleaned up %d$", pid))
			p.wantExit(7)
			p.expect(1, "^got ")
			p.expect(1, "^cleaned up ")
			p.expect(1, "^child ")
		})
	}
}

func TestSignalThatNobodyHandlesEndsBoth(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk")))
			p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.wantExit(128 + int(sig))
			p.expect(1, "^child ")
		})
	}
}

func TestUserSignalsReachTheChild(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
	p.child()
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGUSR1} {
		send(t, p.cmd.Process.Pid, sig)
		p.await(fmt.Sprintf("^got %v$", sig))
	}
	// None of them was an order to stop: a restart is a restart.
	p.do("exit 75")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(4, "^got ")
}

func TestSignalToTheChildAlone(t *testing.T) {
	for _, sig := range stopSignals {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-catch")))
			pid := p.child()
			send(t, pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.await(fmt.Sprintf("^cleaned up %d$", pid))
			p.wantExit(7)
			p.expect(1, "^cleaned up ")
		})
	}
}

func TestDeathBySignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, command(t, "talk"))
			send(t, p.child(), sig)
			p.wantExit(128 + int(sig))
		})
	}
}

// A child that is killed has failed: the next change launches it again.
func TestChildIsKilledUnderWaitOnFailure(t *testing.T) {
	file := tempFile(t)
	p := start(t, withoutTerminal(command(t, "talk", "-wait", "-track="+file)))
	send(t, p.child(), syscall.SIGKILL)
	p.await("^restarter: the program failed with exit code 137; waiting for a change$")
	save(t, file, "changed")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

// A program that takes every order to leave for one to restart.
func TestLeavingWith75WhenStopped(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT} {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
			p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.do("leave")
			p.wantExit(0)
			p.expect(1, "^child ")
			p.expect(1, "^cleaned up ")
		})
	}
}

// After SIGHUP, by which a server reads its configuration again, 75 means what it always does.
func TestLeavingWith75AfterHangUp(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
	p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	p.await("^got hangup$")
	p.do("leave")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

// Nor does SIGHUP change what another exit code means: a server that reads a bad configuration may fail soon after,
// and one may be restarted.
func TestFailingAfterHangUp(t *testing.T) {
	file := tempFile(t)
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay", "-wait", "-track="+file)))
	p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	p.await("^got hangup$")
	save(t, file, "changed")
	p.await("^told: ")
	p.do("exit 3")
	p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	p.await("^got hangup$")
	p.do("exit 3")
	p.await("^restarter: the program failed with exit code 3; waiting for a change$")
	save(t, file, "changed again")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

func TestNohup(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "nohup")))
	used.Store("talk", true)
	pid := p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	send(t, pid, syscall.SIGHUP)
	p.do("echo still here")
	p.await("^still here$")
	p.do("exit 75")
	pid = p.child() // the next one has it ignored, too
	send(t, pid, syscall.SIGHUP)
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	p.do("exit 5")
	p.wantExit(5)
}

func TestGraceEndsAChildThatIgnoresSIGTERM(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay", "-grace=300ms")))
	p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGTERM)
	p.await("^restarter: the program did not exit within 300ms; ending it$")
	p.wantExit(128 + 9)
	p.expect(1, "did not exit")
}

func TestStopWhileThereIsNoChild(t *testing.T) {
	for _, sig := range stopSignals {
		sig := sig
		t.Run("WaitOnFailure, "+sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-wait")))
			p.child()
			p.do("exit 3")
			p.await("waiting for a change$")
			send(t, p.cmd.Process.Pid, sig)
			p.wantExit(128 + int(sig))
		})
		t.Run("back-off, "+sig.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t, withoutTerminal(command(t, "talk", "-die")))
			p.await(pauses)
			send(t, p.cmd.Process.Pid, sig)
			p.wantExit(128 + int(sig))
		})
	}
}

// A user's signal between two children, for whom it would be, is nobody's: it is dropped.
func TestUserSignalWhileThereIsNoChild(t *testing.T) {
	file := tempFile(t)
	p := start(t, withoutTerminal(command(t, "talk", "-wait", "-track="+file)))
	p.child()
	p.do("exit 3")
	p.await("waiting for a change$")
	send(t, p.cmd.Process.Pid, syscall.SIGUSR1)
	save(t, file, "changed")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

// A child that dies by the signal that its parent was sent has not failed: the terminal is
// gone, say, and nobody will ever mend it.
func TestWaitOnFailureDoesNotWaitAfterASignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-wait")))
			p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.wantExit(128 + int(sig))
			p.expect(0, "waiting for a change")
		})
	}
}
