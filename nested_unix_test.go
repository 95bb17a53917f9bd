//go:build unix

package restarter

import (
	"fmt"
	"os"
	"testing"
)

func init() {
	// A program that executes itself again, each of its processes once.
	programs["again"] = func() {
		me := fmt.Sprint("AGAIN_", os.Getpid())
		if os.Getenv(me) == "" {
			fmt.Println("executes itself:", os.Getpid(), "parent", IsParent())
			os.Setenv(me, "1")
			replaceMyself("again")
		}
		talk()
	}
}

func TestProgramThatExecutesItselfAgain(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "again", "-settled=0", "-track="+file))
	p.await(fmt.Sprintf("^executes itself: %d parent true$", p.cmd.Process.Pid))
	for i := 0; i < 2; i++ {
		same := p.await(`^executes itself: (\d+) parent false$`)[1]
		if pid := fmt.Sprint(p.child()); pid != same {
			t.Errorf("the child is %s, want %s", pid, same)
		}
		save(t, file, fmt.Sprint("changed ", i))
		p.await("^told: .*file$")
	}
	p.child()
	p.do("exit 3")
	p.wantExit(3)
}
