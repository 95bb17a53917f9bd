//go:build unix

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

// A signal that reaches more than one process of the family.

func init() {
	// A program as the documentation of os/signal has it: a second signal ends it at once. Its
	// clean-up takes longer than the parent holds a signal back.
	programs["polite"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
		ctx, forget := restarter.NotifyContext(ctx)
		defer forget()
		fmt.Println("child", os.Getpid())
		<-ctx.Done()
		stop()
		time.Sleep(400 * time.Millisecond)
		fmt.Println("cleaned up")
		os.Exit(7)
	}
}

func TestCleanUpAfterASignal(t *testing.T) {
	slow(t)
	for _, test := range []struct {
		name string
		kill func(t *testing.T, parent, child int)
	}{
		{"to the parent", func(t *testing.T, parent, child int) { stop(t, parent) }},
		{"to the child", func(t *testing.T, parent, child int) { stop(t, child) }},
		{"to the group", func(t *testing.T, parent, child int) { stop(t, -parent) }},
		{"to the parent, then the child", func(t *testing.T, parent, child int) { stop(t, parent); stop(t, child) }},
		{"to the child, then the parent", func(t *testing.T, parent, child int) { stop(t, child); stop(t, parent) }},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for i := 0; i < 5; i++ {
				p := start(t, withoutTerminal(command(t, "polite")))
				child := p.bareChild()
				test.kill(t, p.cmd.Process.Pid, child)
				p.await("^cleaned up$")
				p.wantExit(7)
			}
		})
	}
}

// bareChild waits for a child that says nothing but its process id.
func (p *process) bareChild() (pid int) {
	p.t.Helper()
	fmt.Sscan(p.await(`^child (\d+)$`)[1], &pid)
	return pid
}

// What the group is sent the child gets once, by way of the parent.
func TestSignalToTheGroup(t *testing.T) {
	for _, sig := range stopSignals {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
			p.child()
			send(t, -p.cmd.Process.Pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			send(t, p.cmd.Process.Pid, syscall.SIGUSR1) // passed on, behind anything else
			p.await("^got user defined signal 1$")
			p.do("exit 7")
			p.wantExit(7)
			p.expect(1, fmt.Sprintf("^got %v$", sig))
		})
	}
}

// Somebody who sends a signal twice means it: the child gets both.
func TestSignalTwice(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
	p.child()
	for i := 0; i < 2; i++ {
		stop(t, p.cmd.Process.Pid)
		p.await("^got terminated$")
	}
	p.do("exit 7")
	p.wantExit(7)
	p.expect(2, "^got terminated$")
}
