package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

func init() {
	// A program whose child runs another program, with all it has.
	programs["outer"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		fmt.Println("outer", os.Getpid())
		fmt.Println("inner left with", another(os.Args[1]))
		for !restarter.ShouldRestart() && len(os.Args) > 2 {
			time.Sleep(time.Millisecond)
		}
		os.Exit(9)
	}
	programs["plain"] = func() {
		fmt.Println("plain: parent", restarter.IsParent(), "child", restarter.IsChild(), "restart", restarter.ShouldRestart())
		os.Exit(6)
	}
}

// another runs another program to its end and returns its exit code.
func another(program string) int {
	exe, _ := os.Executable()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), programVar+"="+program)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Run()
	return cmd.ProcessState.ExitCode()
}

func TestChildStartsAnotherProgramThatRestarts(t *testing.T) {
	used.Store("talk", true)
	p := start(t, command(t, "outer", "talk"))
	p.await("^outer ")
	first := p.await(`^child (\d+) of (\d+) `)
	p.do("exit 75")
	second := p.await(`^child (\d+) of (\d+) `)
	if second[1] == first[1] || second[2] != first[2] {
		t.Errorf("the inner program was process %s of %s, then %s of %s", first[1], first[2], second[1], second[2])
	}
	p.do("exit 5")
	p.await("^inner left with 5$")
	p.wantExit(9)
	p.expect(1, "^outer ")
}

func TestChildRunsAPlainProgram(t *testing.T) {
	used.Store("plain", true)
	p := start(t, command(t, "outer", "plain"))
	p.await("^plain: parent true child false restart false$")
	p.await("^inner left with 6$")
	p.wantExit(9)
}
