package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

// Programs for containers, where they are process 1: they reap every child, and get those of others.

func init() {
	programs["reaper"] = func() {
		how := os.Getenv("RESTARTER_TEST_REAP")
		switch how {
		case "before":
			go reapOnSignal()
		case "loop":
			go reapInALoop()
		}
		if l := (restarter.Launcher{WaitOnFailure: len(os.Args) > 1 && os.Args[1] == "-wait"}); restarter.IsParent() {
			os.Exit(l.LaunchChild())
		}
		if how == "after" {
			go reapOnSignal()
		}
		talk()
	}
	programs["process 1"] = processOne
	programs["left behind"] = leftBehind
}

// reapOnSignal reaps as many a library for this does.
func reapOnSignal() {
	died := make(chan os.Signal, 8)
	signal.Notify(died, syscall.SIGCHLD)
	for range died {
		for {
			if _, err := syscall.Wait4(-1, nil, 0, nil); err == syscall.ECHILD {
				break
			}
		}
	}
}

// reapInALoop reaps as simple programs do.
func reapInALoop() {
	for {
		if _, err := syscall.Wait4(-1, nil, 0, nil); err == syscall.ECHILD {
			time.Sleep(time.Millisecond)
		}
	}
}

// needsExitCodes skips a test where nobody can tell the exit code of a process that somebody else has
// waited for: before Linux 6.15.
func needsExitCodes(t *testing.T) {
	t.Helper()
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	var major, minor int
	fmt.Sscanf(string(release), "%d.%d", &major, &minor)
	if major < 6 || major == 6 && minor < 15 {
		t.Skipf("Linux %s", release)
	}
}

func TestProgramThatReapsItsChildren(t *testing.T) {
	slow(t)
	used.Store("reaper", true)
	needsExitCodes(t)
	for _, how := range []string{"before", "after", "loop"} {
		how := how
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			for i := 0; i < 5; i++ {
				file := tempFile(t)
				cmd := command(t, "reaper", "-wait", "-track="+file)
				cmd.Env = append(cmd.Env, "RESTARTER_TEST_REAP="+how)
				p := start(t, cmd)
				p.child()
				p.do("exit 75")
				p.child()
				save(t, file, "changed")
				p.await("^told: ")
				p.child()
				p.do("exit 3")
				p.await("failed with exit code 3; waiting for a change$")
				save(t, file, "changed again")
				send(t, p.child(), syscall.SIGKILL)
				p.await("failed with exit code 137; waiting for a change$")
				stop(t, cmd.Process.Pid)
				p.wantExit(stopCode)
				p.expect(0, "has ended")
			}
		})
	}
}

// processOne is a parent that plays process 1: it inherits what its child leaves behind.
func processOne() {
	if restarter.IsParent() {
		const setChildSubreaper = 36
		if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
			panic(errno)
		}
		os.Exit(restarter.LaunchChild())
	}
	// The variable as the child was started with it, which it may have written to a file, say.
	environ, _ := os.ReadFile("/proc/self/environ")
	_, value, _ := strings.Cut("\x00"+string(environ), "\x00"+variable+"=")
	value, _, _ = strings.Cut(value, "\x00")
	exe, _ := os.Executable()
	for _, now := range []string{os.Getenv(variable), value} {
		cmd := exec.Command("/bin/sh", "-c", `"$0" "$@" <&- & exit 0`, exe, strconv.Itoa(os.Getppid()))
		cmd.Env = append(os.Environ(), programVar+"=left behind", variable+"="+now)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.ExtraFiles = someSockets()
		if err := cmd.Run(); err != nil {
			panic(err)
		}
	}
	talk()
}

// someSockets are for a program that shall not take any of them for the line to its parent.
func someSockets() (files []*os.File) {
	for len(files) < 20 {
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			panic(err)
		}
		for _, fd := range pair {
			syscall.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "socket"))
		}
	}
	return files
}

// leftBehind is a program that a shell has started and left behind: it waits until the process
// that its argument names is its parent, and says what it is.
func leftBehind() {
	parent, _ := strconv.Atoi(os.Args[1])
	for os.Getppid() != parent {
		if syscall.Kill(parent, 0) != nil {
			panic("process 1 is gone")
		}
		time.Sleep(time.Millisecond)
	}
	replaceMyself("plain")
}

// awaitTimes waits for a number of lines that match, among all.
func (p *process) awaitTimes(n int, pattern string) {
	p.t.Helper()
	for line := -1; n > 0; n-- {
		_, line = p.find(pattern, line+1)
	}
}

// A worker that the child has left to process 1 is not the child, whatever the variable says, and
// nobody is kept waiting by it.
func TestWorkerLeftToProcess1(t *testing.T) {
	for _, name := range []string{"plain", "left behind"} {
		used.Store(name, true)
	}
	p := start(t, command(t, "process 1"))
	first := p.child()
	p.awaitTimes(2, "^plain: ")
	p.do("exit 75")
	if p.child() == first {
		t.Error("the child was not restarted")
	}
	p.awaitTimes(4, "^plain: ")
	p.do("exit 5")
	p.wantExit(5)
	p.expect(4, "^plain: parent true child false restart false$")
	p.expect(4, "^plain: ")
}
