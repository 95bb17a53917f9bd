//go:build unix

package restarter

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	programs["server"] = func() {
		if IsParent() {
			os.Exit(LaunchChild())
		}
		ln, err := net.Listen("tcp", os.Args[1])
		if err != nil {
			panic(err)
		}
		fmt.Println("address", ln.Addr())
		for !ShouldRestart() {
			time.Sleep(time.Millisecond)
		}
		ln.Close()
		fmt.Println("cleaned up")
		os.Exit(ExitCode)
	}
}

// vanished waits for all processes of the family to end, and fails the test if that takes
// longer than a user would wait, or leaves something in the temporary directory.
func (p *process) vanished(within time.Duration, since time.Time) {
	p.t.Helper()
	p.over()
	if took := time.Since(since); took > within {
		p.t.Errorf("the family was gone after %v, want %v", took, within)
	}
	if left, _ := os.ReadDir(p.tmp); len(left) > 0 {
		p.t.Errorf("left in the temporary directory: %v", left)
	}
}

func TestOrphanCleansUp(t *testing.T) {
	p := start(t, command(t, "server", "127.0.0.1:0"))
	address := p.await("^address (.*)$")[1]
	begin := time.Now()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^cleaned up$")
	p.vanished(3*time.Second, begin)
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

func TestOrphanThatNeverAsks(t *testing.T) {
	p := start(t, command(t, "talk", "-stay"))
	p.child()
	begin := time.Now()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^told: .*the parent is gone$")
	p.await("^restarter: the program did not leave within 5s; ended$")
	p.vanished(8*time.Second, begin)
}

func TestOrphanHasItsGrace(t *testing.T) {
	p := start(t, command(t, "talk", "-stay", "-grace=300ms"))
	p.child()
	begin := time.Now()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^restarter: the program did not leave within 300ms; ended$")
	p.vanished(3*time.Second, begin)
}

// The parent dies while its child is starting.
func TestOrphanFromTheStart(t *testing.T) {
	for i := 0; i < 10; i++ {
		cmd := command(t, "talk", "-die", "-settled=0")
		p := start(t, cmd)
		for n := 0; n <= i; n++ {
			p.child()
		}
		send(t, cmd.Process.Pid, syscall.SIGKILL)
		p.over()
		// One that had not started to watch leaves the directory to the next program.
		sweepAll(t, p)
	}
}

// sweepAll removes what dead parents have left, by starting another program there.
func sweepAll(t *testing.T, p *process) {
	t.Helper()
	cmd := command(t, "talk")
	cmd.Env = append(cmd.Env, "TMPDIR="+p.tmp)
	next := start(t, cmd)
	next.child()
	next.do("exit 0")
	next.wantExit(0)
}

func TestOrphanEndsItsBuild(t *testing.T) {
	for _, args := range [][]string{nil, {"-stay", "-grace=100ms"}} {
		args := args
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			b := newLongBuild(t)
			p := start(t, withShell(t, command(t, "talk", append(args, "-dir="+b.dir, "-build="+b.command)...)))
			p.watched()
			b.first()
			b.edit()
			p.await("main.go changed; building$")
			b.building()
			send(t, p.cmd.Process.Pid, syscall.SIGKILL)
			b.ended()
			p.await("^told: .*the parent is gone$")
			p.over()
		})
	}
}

// slowTool is for -toolexec: the compiler of package main never ends.
const slowTool = `#!/bin/sh
case "$*" in
*-V=full*) ;;
*/compile*" -p main "*)
	if [ -e %[1]s/slow ]; then
		exec 9>%[2]s
		echo compiling >&9
		sleep 1000
	fi
esac
exec "$@"
`

// With the real go command, whose compiler is at work when everything ends.
func TestKillInTheMiddleOfABuild(t *testing.T) {
	for _, test := range []struct {
		name string
		sig  syscall.Signal
		code int
	}{{"kill -9", syscall.SIGKILL, 128 + 9}, {"SIGTERM", syscall.SIGTERM, 128 + 15}, {"SIGINT", syscall.SIGINT, 128 + 2}} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			m := newModule(t, "main.go", report)
			exe := m.build()
			name, compiling, ended := pipe(t)
			tool, slow := filepath.Join(t.TempDir(), "tool"), t.TempDir()
			if err := os.WriteFile(tool, []byte(fmt.Sprintf(slowTool, slow, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := withoutTerminal(exec.Command(exe))
			cmd.Dir = m.dir
			cmd.Env = append(m.tool().Env, "GOFLAGS=-mod=mod -toolexec="+tool)
			p := start(t, cmd)
			p.await("^version 1 ")
			save(t, filepath.Join(slow, "slow"), "")
			m.replace("main.go", `version = "1"`, `version = "2"`)
			p.await("^restarter: main.go changed; building$")
			compiling()
			send(t, cmd.Process.Pid, test.sig)
			p.wantExit(test.code)
			ended()
			p.over()
			for _, pid := range processesWith("GOTMPDIR=" + p.tmp) {
				t.Errorf("process %d is left", pid)
			}
		})
	}
}

// processesWith finds the processes whose environment has a text, where there is a /proc.
func processesWith(text string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range files {
		data, _ := os.ReadFile(name)
		if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name))); bytes.Contains(data, []byte(text)) && state(pid) != "Z" {
			pids = append(pids, pid)
		}
	}
	return pids
}

// state is that of a process: R, S, T when it is stopped, Z when nobody has waited for it.
func state(pid int) string {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(data), ") ")
	state, _, _ := strings.Cut(rest, " ")
	return state
}

// go run passes on no signal, and dies of one: its program and the child go with it.
func TestGoRunIsKilled(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			m := newModule(t, "main.go", `package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	fmt.Println("child")
	fmt.Println("got", <-c)
	fmt.Println("cleaned up")
}
`)
			p := start(t, withoutTerminal(m.tool("run", ".")))
			p.await("^child$")
			send(t, p.cmd.Process.Pid, sig)
			p.await("^got terminated$")
			p.await("^cleaned up$")
			p.over()
			p.wantCount(1, "^cleaned up$")
			// The work folder of a killed go command is its own affair.
			work, _ := filepath.Glob(filepath.Join(p.tmp, "go-build*"))
			for _, dir := range work {
				os.RemoveAll(dir)
			}
		})
	}
}
