package system

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestExitCode(t *testing.T) {
	for _, want := range []int{0, 1, 3, 75, 255} {
		p, err := Start(command(t, "exit", fmt.Sprint(want)))
		check(t, err)
		if code, err := p.Wait(); code != want || err != nil {
			t.Errorf("exit code %d, error %v, want %d", code, err, want)
		}
		if p.CPU() <= 0 {
			t.Errorf("it has taken %v of the processor", p.CPU())
		}
	}
}

func TestStartOfNothing(t *testing.T) {
	if p, err := Start(exec.Command(filepath.Join(t.TempDir(), "missing"))); err == nil {
		t.Errorf("started %v", p)
	}
}

func TestCPUOfALivingProcess(t *testing.T) {
	cmd := command(t, "exit", "0")
	stdin, err := cmd.StdinPipe()
	check(t, err)
	p, err := Start(cmd)
	check(t, err)
	if p.CPU() != 0 {
		t.Errorf("%v", p.CPU())
	}
	stdin.Close()
	if code, err := p.Wait(); code != 0 || err != nil {
		t.Errorf("exit code %d, error %v", code, err)
	}
}
