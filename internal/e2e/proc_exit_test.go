package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/lib537/restarter"
)

func init() {
	programs["alone"] = func() {
		fmt.Println("parent", restarter.IsParent(), "child", restarter.IsChild())
		restarter.LaunchChild()
	}
}

func TestExitCodeIsTheChilds(t *testing.T) {
	for order, want := range map[string]int{"exit 0": 0, "exit 1": 1, "exit 74": 74, "exit 255": 255, "panic": 2} {
		t.Run(order, func(t *testing.T) {
			p := start(t, command(t, "talk"))
			p.child()
			p.do(order)
			p.wantExit(want)
			p.expect(1, "^child ")
			p.expect(0, "^restarter: the program")
		})
	}
}

func TestExitCode75LaunchesAgain(t *testing.T) {
	p := start(t, command(t, "talk"))
	first := p.child()
	p.do("exit 75")
	if second := p.child(); second == first {
		t.Errorf("the same process %d again", first)
	}
	p.do("exit 4")
	p.wantExit(4)
	p.expect(0, "^restarter: the program")
}

func TestLaunchChildPanicsInTheChild(t *testing.T) {
	p := start(t, command(t, "alone"))
	p.await("^parent true child false$")
	p.await("^parent false child true$")
	p.await("^panic: .*LaunchChild may only be called where IsParent is true")
	p.wantExit(0) // the program drops the code
}

func TestLaunchChildPanicsUnderOff(t *testing.T) {
	cmd := command(t, "alone")
	cmd.Env = append(cmd.Env, variable+"=off")
	p := start(t, cmd)
	p.await("^parent false child false$")
	p.await("^panic: .*RESTARTER=off")
	p.wantExit(2)
}

// A program that was told to restart, and leaves with another code than 75, has done so all the same.
func TestToldAndLeavesWithAnotherCode(t *testing.T) {
	t.Parallel()
	for _, code := range []int{0, 3} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			file := tempFile(t)
			p := start(t, command(t, "talk", fmt.Sprint("-leave=", code), "-track="+file))
			first := p.child()
			save(t, file, "changed")
			p.await("^told: ")
			if second := p.child(); second == first {
				t.Errorf("the same process %d again", first)
			}
			// Nobody has asked this one to leave.
			p.do("exit 0")
			p.wantExit(0)
			p.expect(2, "^child ")
			p.expect(0, "waiting|successor")
		})
	}
}

// With WaitOnFailure one that was told, and fails when it leaves, waits for nothing: its
// successor is there.
func TestToldAndFailsUnderWaitOnFailure(t *testing.T) {
	t.Parallel()
	file := tempFile(t)
	p := start(t, command(t, "talk", "-wait", "-leave=3", "-track="+file))
	p.child()
	save(t, file, "changed")
	p.await("^told: ")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(0, "waiting for a change")
}

// What one child says when it is told, and what the next one is.
func TestTheReasonIsTold(t *testing.T) {
	t.Parallel()
	file := tempFile(t)
	p := start(t, command(t, "talk", "-track="+file))
	for i := 0; i < 3; i++ {
		pid := p.child()
		save(t, file, fmt.Sprint("changed ", i))
		p.await("^restarter: .*file changed; restarting$")
		p.await("^told: restarter: time to restart: .*file$")
		p.await(fmt.Sprintf("^cleaned up %d$", pid))
	}
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(3, "^told: ")
}

func TestGraceEndsAChildThatStays(t *testing.T) {
	slow(t)
	file := tempFile(t)
	p := start(t, command(t, "talk", "-grace=1s", "-stay", "-track="+file))
	p.child()
	save(t, file, "changed")
	p.await("^told: .*file")
	p.await("^restarter: the program did not exit within 1s; ending it$")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(1, "did not exit")
}

func TestGraceDoesNotEndAChildThatLeaves(t *testing.T) {
	t.Parallel()
	file := tempFile(t)
	p := start(t, command(t, "talk", "-grace=1m", "-track="+file))
	first := p.child()
	save(t, file, "changed")
	p.await("^told: ")
	p.await(fmt.Sprintf("^cleaned up %d$", first))
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(0, "did not exit")
}

// Without Grace a child may take as long as it likes, and what is being waited for is said.
func TestNoGrace(t *testing.T) {
	slow(t)
	file := tempFile(t)
	p := start(t, command(t, "talk", "-stay", "-track="+file))
	p.child()
	save(t, file, "changed")
	p.await("^told: ")
	p.await("^restarter: waiting for the program to exit: it has to do that when ShouldRestart is true or its NotifyContext ends; Launcher.Grace sets a limit$")
	p.do("leave")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

func TestQuiet(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-quiet", "-wait", "-track="+file))
	p.child()
	p.do("exit 3")
	// Nothing tells that the parent waits now, so the change may come first: no matter.
	save(t, file, "changed")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(0, "^restarter: ")
}

// Nothing is printed, and no process started, by a program that never launches.
func TestRoleOfAnotherProgram(t *testing.T) {
	for value, want := range map[string]string{
		"off":                        "parent false child false restart false",
		"":                           "parent true child false restart false",
		"on":                         "parent true child false restart false",
		"12":                         "parent true child false restart false",
		fmt.Sprint(os.Getpid(), ":"): "parent true child false restart false",
		fmt.Sprint(os.Getpid(), ":3.1:", os.TempDir()): "parent true child false restart false",
	} {
		t.Run(value, func(t *testing.T) {
			cmd := command(t, "plain")
			cmd.Env = append(cmd.Env, variable+"="+value)
			p := start(t, cmd)
			p.await("^plain: " + want + "$")
			p.wantExit(6)
			p.expect(1, "")
		})
	}
}
