//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lib537/restarter"
)

func init() {
	// A program that executes itself again, each of its processes once.
	programs["again"] = func() {
		me := fmt.Sprint("AGAIN_", os.Getpid())
		if os.Getenv(me) == "" {
			fmt.Println("executes itself:", os.Getpid(), "parent", restarter.IsParent())
			os.Setenv(me, "1")
			replaceMyself("again")
		}
		talk()
	}
}

// A child that has executed itself is still the child: it leaves with 75, and is launched again. It
// has no line to its parent any more, so what it tracks is not watched.
func TestProgramThatExecutesItselfAgain(t *testing.T) {
	p := start(t, command(t, "again"))
	p.await(fmt.Sprintf("^executes itself: %d parent true$", p.cmd.Process.Pid))
	for i := 0; i < 3; i++ {
		same := p.await(`^executes itself: (\d+) parent false$`)[1]
		if pid := fmt.Sprint(p.child()); pid != same {
			t.Errorf("the child is %s, want %s", pid, same)
		}
		p.do("exit 75")
	}
	p.child()
	p.do("exit 3")
	p.wantExit(3)
}

// It is sent SIGTERM instead of being told, and launched again whatever it leaves with.
func TestDeployOfAProgramThatExecutesItself(t *testing.T) {
	slow(t)
	exe := filepath.Join(t.TempDir(), "app")
	copyProgram(t, exe, 'A')
	cmd := command(t, "again", "-catch")
	cmd.Path, cmd.Args[0] = exe, exe
	p := start(t, cmd)
	p.await("^executes itself: .* parent false$")
	p.version("A")
	deploy(t, exe, 'B')
	p.await("^restarter: .*app was replaced; restarting$")
	p.await("^got terminated$")
	p.await("^executes itself: .* parent false$")
	p.version("B")
	p.do("exit 3")
	p.wantExit(3)
	p.expect(1, "^got ")
}

// Its parent is gone: it cannot be told over the line that it has lost, and finds out by itself.
func TestOrphanThatExecutesItself(t *testing.T) {
	p := start(t, command(t, "again"))
	p.await("^executes itself: .* parent false$")
	p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^told: .*the parent is gone$")
	p.drain()
	sweepAll(t, p)
}
