//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// What runs for the parent ends with it.

// A longBuild is the build of a program whose source a test has made: once it has been edited it
// never ends.
type longBuild struct {
	t      *testing.T
	file   string
	args   []string // of talk
	edited pipe     // is open as long as the long build has a process
}

// newLongBuild makes a build of two processes that ignore an interrupt and have a pipe open. It
// takes its time to say that it builds: a parent that is killed in the instant after its
// start, before it has told the child, leaves it running.
func newLongBuild(t *testing.T) *longBuild {
	t.Helper()
	dir := t.TempDir()
	b := &longBuild{t: t, file: filepath.Join(dir, "main.go"), edited: newPipe(t)}
	save(t, b.file, "package main")
	script := "case $(cat main.go) in *edited*) ;; *) echo unchanged; exit 1; esac; " +
		"trap '' INT; exec 9>" + b.edited.name + "; sleep 0.2; echo building >&9; sleep 1000 & wait; sleep 1000"
	b.args = []string{"-dir=" + dir, "-build=" + script}
	return b
}

// start starts talk, prepared by some function, and waits until its sources are watched.
func (b *longBuild) start(prepare func(*exec.Cmd), args ...string) (p *process, child int) {
	b.t.Helper()
	cmd := command(b.t, "talk", append(args, b.args...)...)
	withShell(b.t, cmd)
	prepare(cmd)
	p = start(b.t, cmd)
	child = p.child()
	p.awaitAnywhere("^restarter: build failed, the old program keeps running$")
	return p, child
}

// edit changes the source, at one stroke, and waits until the long build is under way.
func (b *longBuild) edit(p *process) {
	b.t.Helper()
	save(b.t, b.file+"~", "package main // edited")
	rename(b.t, b.file+"~", b.file)
	p.await("main.go changed; building$")
	b.edited.wrote()
}

func TestStopEndsTheBuild(t *testing.T) {
	slow(t)
	for _, who := range []string{"parent", "child", "parent that waits", "child by SIGKILL", "child that cleans up"} {
		who := who
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			b := newLongBuild(t)
			var args []string
			switch who {
			case "parent that waits":
				args = append(args, "-wait")
			case "child that cleans up":
				args = append(args, "-catch")
			}
			p, child := b.start(func(cmd *exec.Cmd) { withoutTerminal(cmd) }, args...)
			sig, code := syscall.SIGTERM, 128+15
			if who == "parent that waits" {
				p.do("exit 3")
				p.await("waiting for a change$")
			}
			b.edit(p)
			switch who {
			case "child", "child that cleans up":
				send(t, child, sig)
			case "child by SIGKILL":
				sig, code = syscall.SIGKILL, 128+9
				send(t, child, sig)
			default:
				send(t, p.cmd.Process.Pid, sig)
			}
			if who == "child that cleans up" {
				code = 7
			}
			p.wantExit(code)
			b.edited.ended()
		})
	}
}

func TestOrphanEndsItsBuild(t *testing.T) {
	slow(t)
	for _, args := range [][]string{nil, {"-stay", "-grace=100ms"}} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			b := newLongBuild(t)
			p, _ := b.start(func(*exec.Cmd) {}, args...)
			b.edit(p)
			send(t, p.cmd.Process.Pid, syscall.SIGKILL)
			b.edited.ended()
			p.await("^told: .*the parent is gone$")
			p.drain()
		})
	}
}

// A child that was launched while a build runs ends it as well.
func TestSecondChildEndsTheBuild(t *testing.T) {
	b := newLongBuild(t)
	p, _ := b.start(func(*exec.Cmd) {})
	b.edit(p)
	p.do("exit 75")
	p.child()
	p.do("echo still here")
	p.await("^still here$")
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	b.edited.ended()
	p.await("^told: .*the parent is gone$")
	p.drain()
}

// The go command that lists the sources is ended with the program, however that ends.
func TestEndInTheMiddleOfAList(t *testing.T) {
	slow(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, who := range []string{"parent", "child"} {
			who, sig := who, sig
			t.Run(fmt.Sprint(who, " ", sig), func(t *testing.T) {
				t.Parallel()
				pipe := newPipe(t)
				cmd := withoutTerminal(command(t, "talk", "-dir="+t.TempDir()))
				bin := withShell(t, cmd)
				script := fmt.Sprintf("#!/bin/sh\nexec 9>%s\nsleep 0.2\necho listing >&9\nsleep 1000 & wait\n", pipe.name)
				if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
				p := start(t, cmd)
				pid := p.child()
				pipe.wrote()
				if who == "parent" {
					pid = cmd.Process.Pid
				}
				send(t, pid, sig)
				pipe.ended()
				p.exit()
				p.drain()
			})
		}
	}
}

// slowTool is for -toolexec: the compiler of package main never ends.
const slowTool = `#!/bin/sh
case "$*" in
*-V=full*) ;;
*/compile*" -p main "*)
	if [ -e %[1]s/slow ]; then
		exec 9>%[2]s
		sleep 0.2
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
			t.Parallel()
			m := newModule(t, "main.go", report)
			pipe := newPipe(t)
			tool, slow := filepath.Join(t.TempDir(), "tool"), t.TempDir()
			if err := os.WriteFile(tool, []byte(fmt.Sprintf(slowTool, slow, pipe.name)), 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := withoutTerminal(exec.Command(m.build()))
			cmd.Dir = m.dir
			cmd.Env = append(m.tool().Env, "GOFLAGS=-mod=mod -toolexec="+tool, debug)
			p := start(t, cmd)
			p.await("^version 1 ")
			p.await(proved + "|" + anew)
			save(t, filepath.Join(slow, "slow"), "")
			m.replace("main.go", `version = "1"`, `version = "2"`)
			p.await("^restarter: main.go changed; building$")
			pipe.wrote()
			send(t, cmd.Process.Pid, test.sig)
			p.wantExit(test.code)
			pipe.ended()
			for _, pid := range processesWith("GOTMPDIR=" + p.tmp) {
				t.Errorf("process %d is left", pid)
			}
		})
	}
}
