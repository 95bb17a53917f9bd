//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

func init() {
	programs["server"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		ln, err := net.Listen("tcp", os.Args[1])
		if err != nil {
			panic(err)
		}
		fmt.Println("address", ln.Addr())
		for !restarter.ShouldRestart() {
			time.Sleep(time.Millisecond)
		}
		ln.Close()
		fmt.Println("cleaned up")
		os.Exit(restarter.ExitCode)
	}
}

// vanished waits for all processes of the family to end, and fails the test if that takes
// longer than a user would wait, or leaves something in the temporary directory.
func (p *process) vanished(within time.Duration, since time.Time) {
	p.t.Helper()
	p.drain()
	if took := time.Since(since); took > within {
		p.t.Errorf("the family was gone after %v, want %v", took, within)
	}
	if left := entries(p.t, p.tmp); len(left) > 0 {
		p.t.Errorf("left in the temporary directory: %v", left)
	}
}

func TestOrphanCleansUp(t *testing.T) {
	p := start(t, command(t, "server", "127.0.0.1:0"))
	address := p.await("^address (.*)$")[1]
	begin := time.Now()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^cleaned up$")
	p.vanished(2*time.Second, begin)
	ln, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

func TestOrphanThatStays(t *testing.T) {
	slow(t)
	p := start(t, command(t, "talk", "-stay"))
	p.child()
	begin := time.Now()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^told: .*the parent is gone$")
	p.await("^restarter: the program did not exit within 5s; ending it$")
	p.vanished(8*time.Second, begin)
}

func TestOrphanHasItsGrace(t *testing.T) {
	p := start(t, command(t, "talk", "-stay", "-grace=300ms"))
	p.child()
	begin := time.Now()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^restarter: the program did not exit within 300ms; ending it$")
	p.vanished(3*time.Second, begin)
}

func TestOrphanIsQuiet(t *testing.T) {
	p := start(t, command(t, "talk", "-stay", "-grace=100ms", "-quiet"))
	p.child()
	begin := time.Now()
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("^told: .*the parent is gone$")
	p.vanished(3*time.Second, begin)
	p.expect(0, "^restarter: [^t]")
	p.expect(0, "did not exit")
}

// Both are killed, the child first: nothing that either has started is left but the
// directory, for the next start.
func TestBothAreKilled(t *testing.T) {
	p := start(t, command(t, "talk"))
	killAll(t, p, p.child())
	sweepAll(t, p)
}

// The parent dies while its child is starting.
func TestOrphanFromTheStart(t *testing.T) {
	slow(t)
	for i := 0; i < 10; i++ {
		cmd := command(t, "talk", "-die")
		p := start(t, cmd)
		for n := 0; n <= i; n++ {
			p.child()
		}
		send(t, cmd.Process.Pid, syscall.SIGKILL)
		p.drain()
		// One that had not begun to hear leaves the directory to the next program.
		sweepAll(t, p)
	}
}

// sweepAll removes what dead parents have left, by starting another program there.
func sweepAll(t *testing.T, p *process) {
	t.Helper()
	next := p.also("talk")
	next.child()
	next.do("exit 0")
	next.wantExit(0)
	if left := entries(t, p.tmp); len(left) > 0 {
		t.Errorf("left in the temporary directory: %v", left)
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
			t.Parallel()
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
	fmt.Println("child", restarter.ShouldRestart())
	fmt.Println("got", <-c)
	fmt.Println("cleaned up")
}
`)
			p := start(t, withoutTerminal(m.tool("run", ".")))
			p.await("^child ")
			send(t, p.cmd.Process.Pid, sig)
			p.await("^got terminated$")
			p.await("^cleaned up$")
			p.drain()
			p.expect(1, "^cleaned up$")
			// The work folder of a killed go command is its own affair.
			work, _ := filepath.Glob(filepath.Join(p.tmp, "go-build*"))
			for _, dir := range work {
				os.RemoveAll(dir)
			}
		})
	}
}
