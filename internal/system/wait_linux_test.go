package system

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	// thief reaps every child, as a program does that is the first process of a container. It
	// prints what Wait says of a child with an exit code or, if there is none, that was killed.
	programs["thief"] = func() {
		cmd := exec.Command(os.Args[0], os.Args[1])
		cmd.Env = append(os.Environ(), programVar+"=exit")
		stdin, _ := cmd.StdinPipe()
		p, err := Start(cmd)
		if err != nil {
			panic(err)
		}
		if os.Args[1] == "killed" {
			p.Cmd.Process.Kill()
		}
		stdin.Close()
		if os.Args[2] == "before" {
			steal()
		} else {
			go func() {
				for {
					steal()
				}
			}()
		}
		code, err := p.Wait()
		fmt.Println(code, errors.Is(err, ErrUnknown), err == nil, p.handle.fd)
	}
}

func steal() {
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(-1, &status, 0, nil); err != syscall.EINTR {
			return
		}
	}
}

// release returns the numbers of the version of Linux.
func release(t *testing.T) (major, minor int) {
	t.Helper()
	data, err := os.ReadFile("/proc/sys/kernel/osrelease")
	check(t, err)
	if _, err := fmt.Sscanf(string(data), "%d.%d", &major, &minor); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return major, minor
}

// Something else in this process has waited for the child, before Wait or beside it: the code is
// known all the same since Linux 6.15, and before that it is said that it is not.
func TestStolenExitCode(t *testing.T) {
	major, minor := release(t)
	for _, when := range []string{"before", "beside"} {
		for code, want := range map[string]int{"0": 0, "7": 7, "75": 75, "killed": 137} {
			for i := 0; i < 5; i++ {
				out, err := command(t, "thief", code, when).Output()
				check(t, err)
				said := strings.TrimSpace(string(out))
				unknown := "1 true false -1"
				if major*100+minor < 615 && said == unknown {
					continue
				}
				if want := fmt.Sprint(want, " false true -1"); said != want {
					t.Errorf("%s, %s: %s, want %s", code, when, said, want)
				}
			}
		}
	}
}

// Each handle is closed again.
func TestHandlesAreClosed(t *testing.T) {
	count := func() int {
		all, err := os.ReadDir("/proc/self/fd")
		check(t, err)
		return len(all)
	}
	run := func() {
		cmd := command(t, "exit", "0")
		cmd.Stdin = strings.NewReader("")
		p, err := Start(cmd)
		check(t, err)
		if p.handle.fd < 0 {
			t.Skip("this Linux has no descriptors of processes")
		}
		if !ClosesOnExec(p.handle.fd) {
			t.Error("a child would inherit the handle")
		}
		_, err = p.Wait()
		check(t, err)
	}
	run() // after which the runtime has what it needs
	before := count()
	for i := 0; i < 10; i++ {
		run()
	}
	if after := count(); after > before {
		t.Errorf("%d descriptors, then %d", before, after)
	}
}

// A process that has ended is not alive, though nobody has waited for it yet.
func TestAliveOfADeadProcess(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	check(t, cmd.Start())
	if !Alive(cmd.Process.Pid) {
		t.Error("it has just started")
	}
	check(t, cmd.Process.Kill())
	for deadline := time.Now().Add(10 * time.Second); Alive(cmd.Process.Pid); {
		if time.Now().After(deadline) {
			t.Fatal("it is dead, and said to be alive")
		}
	}
	cmd.Wait()
}
