package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"unsafe"
)

func init() { programs["shell"] = shell }

// shell runs one of programs, which its first argument names, as a shell with job control does: in
// a group of its own, in the foreground of the terminal. When it is stopped, the terminal is
// the shell's, until SIGUSR1 says fg, or SIGUSR2 bg. SIGALRM says fg as well, but has only the program itself go on.
func shell() {
	signal.Ignore(syscall.SIGTTOU) // the others later: an ignored signal stays ignored in the job
	order := make(chan os.Signal, 1)
	signal.Notify(order, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM)
	exe, _ := os.Executable()
	cmd := exec.Command(exe, os.Args[2:]...)
	cmd.Env = append(os.Environ(), programVar+"="+os.Args[1])
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	signal.Ignore(syscall.SIGTSTP, syscall.SIGTTIN)
	fmt.Println("job", cmd.Process.Pid)
	foreground := func(group int) {
		id := int32(group)
		if err := ioctl(os.Stdin, syscall.TIOCSPGRP, unsafe.Pointer(&id)); err != nil {
			panic(err)
		}
	}
	for {
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err == syscall.EINTR {
			continue
		} else if err != nil {
			panic(err)
		}
		if !status.Stopped() {
			fmt.Println("job ended with", status.ExitStatus())
			return
		}
		foreground(syscall.Getpgrp())
		fmt.Println("job stopped")
		sig, who := <-order, -cmd.Process.Pid
		if sig != syscall.SIGUSR2 {
			foreground(cmd.Process.Pid)
		}
		if sig == syscall.SIGALRM {
			who = cmd.Process.Pid
		}
		syscall.Kill(who, syscall.SIGCONT)
	}
}

// asJob starts one of programs as a job of a shell in a terminal. The process is that of the shell.
func asJob(t *testing.T, program string, args ...string) (tty *terminal, p *process, job int) {
	t.Helper()
	used.Store(program, true) // the shell starts it
	cmd := command(t, "shell", append([]string{program}, args...)...)
	tty = inTerminal(t, cmd)
	p = start(t, cmd)
	job, _ = strconv.Atoi(p.awaitAnywhere(`^job (\d+)$`)[1])
	return tty, p, job
}

func TestJobControl(t *testing.T) {
	file := tempFile(t)
	tty, p, job := asJob(t, "talk", "-track="+file)
	pid := p.child()
	for round := 0; round < 2; round++ {
		tty.write(ctrlZ)
		p.await("^job stopped$")
		for state(pid) != "T" { // it gets the signal when the parent does, but takes its time
		}
		if state(job) != "T" {
			t.Errorf("the parent is in the state %s", state(job))
		}
		send(t, p.cmd.Process.Pid, syscall.SIGUSR1) // fg
		tty.write("echo goes on\n")
		p.await("^goes on$")
		save(t, file, "changed "+strconv.Itoa(round))
		p.await("^told: ")
		pid = p.child()
		tty.write("echo again\n")
		p.await("^again$")
	}
	tty.write(ctrlC)
	p.await("^job ended with 130$")
	p.wantExit(0)
	p.expect(3, "^child ")
}

// A full-screen program gets Ctrl-Z as a key, and stops nobody but itself. The shell has its terminal back all the same.
func TestProgramThatStopsItself(t *testing.T) {
	tty, p, job := asJob(t, "talk")
	pid := p.child()
	for round := 0; round < 3; round++ {
		tty.write("signal " + itoa(int(syscall.SIGSTOP)) + "\n")
		p.await("^job stopped$")
		if state(pid) != "T" || state(job) != "T" {
			t.Errorf("the program is in the state %s, the parent in %s", state(pid), state(job))
		}
		send(t, p.cmd.Process.Pid, syscall.SIGUSR1) // fg
		tty.write("echo goes on\n")
		p.await("^goes on$")
	}
	tty.write("exit 3\n")
	p.await("^job ended with 3$")
	p.wantExit(0)
	p.expect(1, "^child ")
}

// A parent that alone is told to go on has the program go on too.
func TestParentGoesOn(t *testing.T) {
	tty, p, _ := asJob(t, "talk")
	p.child()
	tty.write("signal " + itoa(int(syscall.SIGSTOP)) + "\n")
	p.await("^job stopped$")
	send(t, p.cmd.Process.Pid, syscall.SIGALRM)
	tty.write("echo goes on\n")
	p.await("^goes on$")
	tty.write("exit 3\n")
	p.await("^job ended with 3$")
	p.wantExit(0)
}

// Without a shell that could have it go on, Ctrl-Z stops nothing, as without a parent.
func TestCtrlZWithoutAShell(t *testing.T) {
	used.Store("talk", true)
	file := tempFile(t)
	cmd := command(t, "talk", "-wait", "-track="+file)
	tty := inTerminal(t, cmd)
	p := start(t, cmd)
	p.child()
	tty.write("exit 3\n")
	p.await("waiting for a change$")
	tty.write(ctrlZ)
	save(t, file, "changed")
	p.child()
	tty.write("exit 0\n")
	p.wantExit(0)
}

// A program that ignores Ctrl-Z, or makes something else of it, goes on, and keeps the terminal.
func TestCtrlZThatIsIgnored(t *testing.T) {
	file := tempFile(t)
	tty, p, _ := asJob(t, "talk", "-track="+file, "-ignore="+itoa(int(syscall.SIGTSTP)))
	p.child()
	tty.write(ctrlZ)
	save(t, file, "changed")
	p.await("^told: |^job stopped$")
	p.expect(0, "^job stopped$")
	if t.Failed() {
		return
	}
	p.child()
	tty.write("echo still here\n")
	p.await("^still here$")
	tty.write(ctrlC)
	p.await("^job ended with 130$")
	p.wantExit(0)
}

// While there is no program that could say what Ctrl-Z is, it stops the parent.
func TestCtrlZWithoutAProgram(t *testing.T) {
	file := tempFile(t)
	tty, p, _ := asJob(t, "talk", "-wait", "-track="+file)
	p.child()
	tty.write("exit 3\n")
	p.await("waiting for a change$")
	tty.write(ctrlZ)
	p.await("^job stopped$")
	send(t, p.cmd.Process.Pid, syscall.SIGUSR1) // fg
	save(t, file, "changed")
	p.child()
	tty.write("exit 0\n")
	p.await("^job ended with 0$")
	p.wantExit(0)
}

// After bg the terminal is the shell's. A restart takes no notice of it, and no process is stopped
// because it has touched it.
func TestRestartInTheBackground(t *testing.T) {
	file := tempFile(t)
	tty, p, job := asJob(t, "generator", file)
	p.await("^child$")
	tty.write(ctrlZ)
	p.await("^job stopped$")
	tty.makeRaw() // as a shell does that has a line edited
	was := tty.settings()
	send(t, p.cmd.Process.Pid, syscall.SIGUSR2) // bg
	for i := 0; i < 2; i++ {
		save(t, file, "changed "+strconv.Itoa(i))
		p.await("file changed; restarting$")
		p.await("^child$")
	}
	if now := tty.settings(); now != was {
		t.Errorf("the settings of the terminal were %v, are %v", was, now)
	}
	stop(t, job)
	p.await("^job ended with 143$")
	p.wantExit(0)
	p.expect(1, "^job stopped$")
}
