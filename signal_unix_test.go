//go:build unix

package restarter

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	programs["nohup"] = func() {
		signal.Ignore(syscall.SIGHUP)
		replaceMyself("talk")
	}
}

// replaceMyself has this process run another program.
func replaceMyself(program string, args ...string) {
	os.Setenv(programVar, program)
	exe, _ := os.Executable()
	err := syscall.Exec(exe, append(os.Args, args...), os.Environ())
	panic(err)
}

// withoutTerminal has a command run in a session of its own.
func withoutTerminal(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

var stopSignals = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}

func TestSignalToTheParentReachesTheChild(t *testing.T) {
	for _, sig := range stopSignals {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-catch")))
			pid := p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.await(fmt.Sprintf("^cleaned up %d$", pid))
			p.wantExit(7)
			p.wantCount(1, "^got ")
			p.wantCount(1, "^cleaned up ")
			p.wantCount(1, "^child ")
		})
	}
}

func TestSignalThatNobodyHandlesEndsBoth(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk")))
			p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.wantExit(128 + int(sig))
			p.wantCount(1, "^child ")
		})
	}
}

func TestUserSignalsReachTheChild(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
	p.child()
	for _, sig := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGHUP, syscall.SIGUSR1} {
		send(t, p.cmd.Process.Pid, sig)
		p.await(fmt.Sprintf("^got %v$", sig))
	}
	// None of them was an order to stop: a restart is a restart.
	p.do("exit 75")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.wantCount(4, "^got ")
}

func TestSignalToTheChildAlone(t *testing.T) {
	for _, sig := range stopSignals {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-catch")))
			pid := p.child()
			send(t, pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.await(fmt.Sprintf("^cleaned up %d$", pid))
			p.wantExit(7)
			p.wantCount(1, "^cleaned up ")
		})
	}
}

func TestDeathBySignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL, syscall.SIGHUP} {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, command(t, "talk"))
			send(t, p.child(), sig)
			p.wantExit(128 + int(sig))
		})
	}
}

// A program that takes every order to leave for one to restart.
func TestLeavingWith75WhenStopped(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT} {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
			p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.await(fmt.Sprintf("^got %v$", sig))
			p.do("leave")
			p.wantExit(0)
			p.wantCount(1, "^child ")
			p.wantCount(1, "^cleaned up ")
		})
	}
}

// After SIGHUP, by which a server reads its configuration again, 75 means what it always does.
func TestLeavingWith75AfterHangUp(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay")))
	p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	p.await("^got hangup$")
	p.do("leave")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

func TestNohup(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "nohup")))
	used.Store("talk", true)
	pid := p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	send(t, pid, syscall.SIGHUP)
	p.do("echo still here")
	p.await("^still here$")
	p.do("exit 75")
	pid = p.child() // the next one has it ignored, too
	send(t, pid, syscall.SIGHUP)
	send(t, p.cmd.Process.Pid, syscall.SIGHUP)
	p.do("exit 5")
	p.wantExit(5)
}

func TestGraceEndsAChildThatIgnoresSIGTERM(t *testing.T) {
	p := start(t, withoutTerminal(command(t, "talk", "-catch", "-stay", "-grace=100ms")))
	p.child()
	send(t, p.cmd.Process.Pid, syscall.SIGTERM)
	p.await("^restarter: the program did not leave within 100ms; ended$")
	p.wantExit(128 + 9)
	p.wantCount(1, "did not leave")
}

func TestStopWhileThereIsNoChild(t *testing.T) {
	for _, sig := range stopSignals {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			t.Run("WaitOnFailure", func(t *testing.T) {
				p := start(t, withoutTerminal(command(t, "talk", "-wait")))
				p.child()
				p.do("exit 3")
				p.await("waiting for a change$")
				send(t, p.cmd.Process.Pid, sig)
				p.wantExit(128 + int(sig))
			})
			t.Run("back-off", func(t *testing.T) {
				p := start(t, withoutTerminal(command(t, "talk", "-die")))
				p.await("launching it again in ")
				send(t, p.cmd.Process.Pid, sig)
				p.wantExit(128 + int(sig))
			})
		})
	}
}

// A user's signal between two children, for whom it would be, is nobody's: it is dropped.
func TestUserSignalWhileThereIsNoChild(t *testing.T) {
	file := tempFile(t)
	p := start(t, withoutTerminal(command(t, "talk", "-wait", "-track="+file)))
	p.child()
	p.do("exit 3")
	p.await("waiting for a change$")
	send(t, p.cmd.Process.Pid, syscall.SIGUSR1)
	save(t, file, "changed")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

// A child that dies by the signal that its parent was sent has not failed: the terminal is
// gone, say, and nobody will ever mend it.
func TestWaitOnFailureDoesNotWaitAfterASignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		sig := sig
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, withoutTerminal(command(t, "talk", "-wait")))
			p.child()
			send(t, p.cmd.Process.Pid, sig)
			p.wantExit(128 + int(sig))
			p.wantCount(0, "waiting for a change")
		})
	}
}

// pipe makes a named pipe, opens it for reading and returns its name. ended waits for the last
// writer to be gone: of a family of processes, all dead.
func pipe(t *testing.T) (name string, first func(), ended func()) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "pipe")
	if out, err := exec.Command("mkfifo", name).CombinedOutput(); err != nil {
		t.Skipf("mkfifo: %v\n%s", err, out)
	}
	wrote, closed := make(chan bool), make(chan bool)
	go func() {
		f, err := os.Open(name) // waits for a writer
		if err != nil {
			return
		}
		defer f.Close()
		b := make([]byte, 1<<10)
		for once := wrote; ; once = nil {
			if n, err := f.Read(b); n == 0 || err != nil {
				close(closed)
				return
			}
			if once != nil {
				close(once)
			}
		}
	}()
	return name, func() { <-wrote }, func() { <-closed }
}

// A longBuild is the build of a program whose source a test has made: once it has been edited it
// never ends.
type longBuild struct {
	t         *testing.T
	dir, file string
	command   string
	first     func() // waits until the unchanged program has been built, in vain
	building  func() // waits until the long build is under way
	ended     func() // waits until no process of it is left
}

// newLongBuild makes a build of two processes that ignore an interrupt and have a pipe open. It
// says that it builds when its group has been recorded: a child that is killed in the instant
// before leaves it running.
func newLongBuild(t *testing.T) *longBuild {
	t.Helper()
	b := &longBuild{t: t}
	b.dir, b.file = sources(t)
	var unchanged, edited string
	unchanged, b.first, _ = pipe(t)
	edited, b.building, b.ended = pipe(t)
	b.command = fmt.Sprintf(`case $(cat main.go) in *edited*) ;; *) echo unchanged >%s; exit 1; esac; `+
		`trap '' INT; exec 9>%s; until [ -e "${RESTARTER_OUTPUT%%/*}/../build" ]; do :; done; `+
		"echo building >&9; sleep 1000 & wait; sleep 1000", unchanged, edited)
	return b
}

// edit changes the source, at one stroke.
func (b *longBuild) edit() {
	b.t.Helper()
	save(b.t, b.file+"~", "package main // edited")
	if err := os.Rename(b.file+"~", b.file); err != nil {
		b.t.Fatal(err)
	}
}

// sources makes a directory that looks like that of a program, for a build command of the
// test's own.
func sources(t *testing.T) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "main.go")
	save(t, file, "package main")
	for _, name := range []string{file, dir} { // older than this test binary
		if err := os.Chtimes(name, time.Unix(1e9, 0), time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, file
}

// withShell lets a command find what a shell script needs, but no go command.
func withShell(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	bin := t.TempDir()
	for _, tool := range []string{"sleep", "cat", "chmod", "mv"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Env = append(cmd.Env, "PATH="+bin)
	return cmd
}

// A build that leaves something running, which holds its output, has succeeded all the same.
func TestBuildThatLeavesSomethingRunning(t *testing.T) {
	private := t.TempDir()
	r := recipe{Dir: private, Custom: []string{"/bin/sh", "-c", "echo x >$RESTARTER_OUTPUT; sleep 600 & echo $!"}}
	said, err := r.build(context.Background(), private, filepath.Join(private, "app"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(said)))
	if err != nil || syscall.Kill(pid, syscall.SIGKILL) != nil {
		t.Errorf("%q, %v", said, err)
	}
	if left := entries(t, private); len(left) != 1 || left[0] != "app" {
		t.Errorf("left: %q", left)
	}
}

func TestStopEndsTheBuild(t *testing.T) {
	for _, who := range []string{"parent", "child", "parent that waits", "child by SIGKILL", "child that cleans up"} {
		who := who
		t.Run(who, func(t *testing.T) {
			b := newLongBuild(t)
			args := []string{"-dir=" + b.dir, "-build=" + b.command}
			switch who {
			case "parent that waits":
				args = append(args, "-wait")
			case "child that cleans up":
				args = append(args, "-catch")
			}
			p := start(t, withoutTerminal(withShell(t, command(t, "talk", args...))))
			pid, _ := p.watched()
			b.first()
			sig, code := syscall.SIGTERM, 128+15
			if who == "parent that waits" {
				p.do("exit 3")
				p.await("waiting for a change$")
			}
			b.edit()
			p.await("main.go changed; building$")
			b.building()
			switch who {
			case "child", "child that cleans up":
				send(t, pid, sig)
			case "child by SIGKILL":
				sig, code = syscall.SIGKILL, 128+9
				send(t, pid, sig)
			default:
				send(t, p.cmd.Process.Pid, sig)
			}
			if who == "child that cleans up" {
				code = 7
			}
			p.wantExit(code)
			b.ended()
		})
	}
}

// A stop signal at any moment of the start leaves nothing behind.
func TestStopAtTheStart(t *testing.T) {
	for i := 0; i < 20; i++ {
		p := start(t, withoutTerminal(command(t, "talk")))
		for len(entries(t, p.tmp)) == 0 { // the private directory is the first thing there is
		}
		send(t, p.cmd.Process.Pid, syscall.SIGTERM)
		p.wantExit(128 + 15)
	}
}

// Nor does another one while the parent cleans up.
func TestStopTwice(t *testing.T) {
	for sent := false; !sent; { // on a busy machine the parent may be gone before it is sent anything
		p := start(t, withoutTerminal(command(t, "talk")))
		private := p.await(` private (\S+) `)[1]
		for i := 0; i < 2000; i++ {
			save(t, filepath.Join(private, fmt.Sprint("file", i)), "")
		}
		p.do("exit 3")
		for exists(filepath.Join(private, "settings")) { // until it has begun to
		}
		sent = p.cmd.Process.Signal(syscall.SIGTERM) == nil
		p.wantExit(3)
	}
}

// A parent that cannot launch leaves nothing behind either.
func TestNoWorkingDirectory(t *testing.T) {
	cmd := command(t, "talk", "-dir=relative")
	cmd.Args = append([]string{"sh", "-c", `dir=$(mktemp -d) && cd "$dir" && rmdir "$dir" && exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	cmd.Path, cmd.Env = path, append(cmd.Env, "PATH="+os.Getenv("PATH"), "PWD=")
	p := start(t, cmd)
	p.await("^restarter: cannot launch: ")
	p.wantExit(1)
}

// The go command that lists the sources is ended with the program, however that ends.
func TestEndInTheMiddleOfAList(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, who := range []string{"parent", "child"} {
			who, sig := who, sig
			t.Run(fmt.Sprint(who, " ", sig), func(t *testing.T) {
				name, listing, ended := pipe(t)
				dir, _ := sources(t)
				cmd := withoutTerminal(withShell(t, command(t, "talk", "-dir="+dir)))
				bin := strings.TrimPrefix(cmd.Env[len(cmd.Env)-1], "PATH=")
				script := fmt.Sprintf("#!/bin/sh\nexec 9>%s\nuntil [ -s %s/*/list ]; do :; done\necho listing >&9\nsleep 1000 & wait\n", name, "$TMPDIR")
				if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
				p := start(t, cmd)
				pid := p.child()
				listing()
				if who == "parent" {
					pid = cmd.Process.Pid
				}
				send(t, pid, sig)
				ended()
				p.exit()
				p.over()
			})
		}
	}
}

// What the parent is told to do does not wait for somebody to read its messages.
func TestNobodyReadsTheMessages(t *testing.T) {
	for _, reader := range []string{"blocked", "gone"} {
		reader := reader
		t.Run(reader, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			if reader == "gone" {
				r.Close()
			} else {
				fd := int(w.Fd())
				if err := syscall.SetNonblock(fd, true); err != nil {
					t.Fatal(err)
				}
				for _, size := range []int{4096, 1} {
					for err = nil; err == nil; {
						_, err = syscall.Write(fd, make([]byte, size))
					}
				}
				if err := syscall.SetNonblock(fd, false); err != nil {
					t.Fatal(err)
				}
			}
			file := tempFile(t)
			cmd := command(t, "talk", "-stay", "-grace=100ms", "-settled=0", "-track="+file)
			cmd.Args = append([]string{"sh", "-c", fmt.Sprintf(`exec 2>&%d; exec "$0" "$@"`, 3), cmd.Path}, cmd.Args[1:]...)
			if cmd.Path, err = exec.LookPath("sh"); err != nil {
				t.Skip(err)
			}
			cmd.ExtraFiles = []*os.File{w}
			p := start(t, withoutTerminal(cmd))
			p.child()
			save(t, file, "changed") // it is said, and the child has to be ended
			p.await("^told: .*file$")
			p.child()
			send(t, p.cmd.Process.Pid, syscall.SIGKILL)
			p.await("^told: .*the parent is gone$")
			p.over()
		})
	}
}
