//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A stop signal at any moment of the start leaves nothing behind.
func TestStopAtTheStart(t *testing.T) {
	slow(t)
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
	slow(t)
	for sent := false; !sent; { // on a busy machine the parent may be gone before it is sent anything
		p := start(t, withoutTerminal(command(t, "talk")))
		p.child()
		private := p.private()
		for i := 0; i < 2000; i++ {
			save(t, filepath.Join(private, fmt.Sprint("file", i)), "")
		}
		p.do("exit 3")
		for exists(filepath.Join(private, "file0")) { // until it has begun to
		}
		sent = p.cmd.Process.Signal(syscall.SIGTERM) == nil
		p.wantExit(3)
	}
}

// A program that stands in no directory runs, and so does one whose directory goes away.
func TestNoWorkingDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := tempFile(t)
	cmd := command(t, "talk", "-dir=relative", "-track="+file)
	withShell(t, cmd)
	cmd.Dir, cmd.Env = dir, append(cmd.Env, "PWD=")
	rmdir := "rmdir"
	for _, name := range []string{"/bin/rmdir", "/usr/bin/rmdir"} {
		if exists(name) {
			rmdir = name
		}
	}
	p := start(t, inShell(t, rmdir+` "`+dir+`" && exec "$0" "$@"`, cmd))
	p.child()
	p.do("exit 75")
	p.child()
	save(t, file, "changed")
	p.await("^told: .*file$")
	p.child()
	p.do("exit 4")
	p.wantExit(4)
}

// The next child starts in the directory of the same name as the parent did, which may have been
// made anew.
func TestWorkingDirectoryIsMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	mkdir := func() {
		t.Helper()
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mkdir()
	cmd := command(t, "talk")
	cmd.Dir = dir
	p := start(t, cmd)
	p.child()
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	p.do("exit 75")
	p.child()
	mkdir()
	p.do("exit 75")
	p.child()
	p.do("write made here")
	p.do("exit 0")
	p.wantExit(0)
	if names := entries(t, dir); len(names) != 1 {
		t.Errorf("the directory has %v", names)
	}
}

// What the parent is told to do does not wait for somebody to read its messages.
func TestNobodyReadsTheMessages(t *testing.T) {
	slow(t)
	for _, reader := range []string{"blocked", "gone"} {
		reader := reader
		t.Run(reader, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			if reader == "gone" {
				r.Close()
			} else {
				fillPipe(t, w)
			}
			file := tempFile(t)
			cmd := inShell(t, `exec 2>&3; exec "$0" "$@"`, command(t, "talk", "-stay", "-grace=100ms", "-track="+file))
			cmd.ExtraFiles = []*os.File{w}
			p := start(t, withoutTerminal(cmd))
			p.child()
			save(t, file, "changed") // it is said, and the child has to be ended
			p.await("^told: .*file$")
			p.child()
			send(t, p.cmd.Process.Pid, syscall.SIGKILL)
			p.await("^told: .*the parent is gone$")
			p.drain()
		})
	}
}

func fillPipe(t *testing.T, w *os.File) {
	t.Helper()
	fd := int(w.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{4096, 1} {
		for err := error(nil); err == nil; {
			_, err = syscall.Write(fd, make([]byte, size))
		}
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
}

// prog | head: the program dies of writing where nobody reads. It is not waited for a change then,
// for nobody could see what comes of it.
func TestBrokenPipe(t *testing.T) {
	for _, args := range [][]string{nil, {"-wait"}} {
		t.Run(fmt.Sprint(args), func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			cmd := inShell(t, `exec >&3 3>&-; exec "$0" "$@"`, command(t, "talk", args...))
			cmd.ExtraFiles = []*os.File{w}
			r.Close()
			p := start(t, withoutTerminal(cmd))
			p.await("^parent leaves with 141 ")
			p.wantExit(128 + 13)
			p.expect(0, "waiting for a change")
		})
	}
}
