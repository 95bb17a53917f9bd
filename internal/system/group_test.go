//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package system

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// A process that has its own group is ended with all in it, and without this one.
func TestGroups(t *testing.T) {
	for name, own := range map[string]func(*exec.Cmd){"OwnGroup": OwnGroup, "OwnSession": OwnSession} {
		cmd := command(t, "exit", "0")
		stdin, err := cmd.StdinPipe()
		check(t, err)
		own(cmd)
		p, err := Start(cmd)
		check(t, err)
		pid := p.Cmd.Process.Pid
		if group, err := syscall.Getpgid(pid); group != pid || err != nil {
			t.Errorf("%s: group %d of process %d, error %v", name, group, pid, err)
		}
		if SameGroup(pid) || !SameGroup(os.Getpid()) || !Alive(pid) {
			t.Errorf("%s: SameGroup is %t, Alive %t", name, SameGroup(pid), Alive(pid))
		}
		check(t, KillGroup(pid))
		if code, err := p.Wait(); code != 137 || err != nil {
			t.Errorf("%s: exit code %d, error %v", name, code, err)
		}
		if Alive(pid) {
			t.Errorf("%s: Alive after Wait", name)
		}
		if err := KillGroup(pid); err == nil {
			t.Errorf("%s: the group was there without a process", name)
		}
		stdin.Close()
	}
}
