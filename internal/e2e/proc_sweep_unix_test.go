//go:build unix

package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// also starts a program with the temporary directory of another process.
func (p *process) also(program string, args ...string) *process {
	p.t.Helper()
	cmd := command(p.t, program, args...)
	cmd.Env = append(cmd.Env, "TMPDIR="+p.tmp)
	return start(p.t, cmd)
}

// killAll ends a family so that it leaves its private directory behind.
func killAll(t *testing.T, p *process, child int) {
	t.Helper()
	send(t, child, syscall.SIGSTOP)
	send(t, p.cmd.Process.Pid, syscall.SIGKILL)
	send(t, child, syscall.SIGKILL)
	p.drain()
}

func TestLeftoversAreSweptAtTheNextStart(t *testing.T) {
	p := start(t, command(t, "talk"))
	child := p.child()
	before := p.private()
	killAll(t, p, child)
	if left := p.private(); left != before {
		t.Fatalf("the dead have left %v, not %v", left, before)
	}
	next := p.also("talk")
	next.child()
	if now := p.private(); now == before {
		t.Errorf("there is still %v", now)
	}
	next.do("exit 0")
	next.wantExit(0)
}

// The temporary directory may have a name that means something to a pattern.
func TestTemporaryDirectoryIsNoPattern(t *testing.T) {
	tmp := filepath.Join(t.TempDir(), "a[b]*")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, last := range []bool{false, true} {
		cmd := command(t, "talk")
		cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
		p := start(t, cmd)
		child := p.child()
		if n := len(entries(t, tmp)); n != 1 {
			t.Errorf("%d private directories", n)
		}
		if !last {
			killAll(t, p, child)
			continue
		}
		p.do("exit 0")
		p.wantExit(0)
	}
	if left := entries(t, tmp); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestTwoParentsSideBySide(t *testing.T) {
	a := start(t, command(t, "talk"))
	a.child()
	b := a.also("talk")
	b.child()
	a.do("exit 75") // after the sweep of b
	a.child()
	if both := entries(t, a.tmp); len(both) != 2 {
		t.Errorf("there are %v, want two directories", both)
	}
	b.do("exit 75")
	killAll(t, b, b.child())
	c := a.also("talk")
	c.child()
	if both := entries(t, a.tmp); len(both) != 2 {
		t.Errorf("there are %v, want two directories", both)
	}
	for _, p := range []*process{a, c} {
		p.do("exit 0")
		p.wantExit(0)
	}
}

// What somebody else has prepared under the name of a private directory stays as it is.
func TestForeignDirectoriesStay(t *testing.T) {
	p := start(t, command(t, "talk"))
	p.child()
	elsewhere := t.TempDir()
	prepare := func(name string, mode os.FileMode, owner int) {
		dir := filepath.Join(p.tmp, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"lock", "program"} {
			save(t, filepath.Join(dir, file), "1")
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if owner != 0 {
			if err := os.Chown(dir, owner, owner); err != nil {
				t.Fatal(err)
			}
		}
	}
	prepare("restarter-999999-1", 0o777, 0) // open to others
	prepare("restarter-2026-notes", 0o700, 0)
	prepare("restarter-x-1", 0o700, 0)
	if os.Getuid() == 0 {
		prepare("restarter-999999-2", 0o700, 65534)
	}
	save(t, filepath.Join(elsewhere, "lock"), "")
	if err := os.Symlink(elsewhere, filepath.Join(p.tmp, "restarter-999999-3")); err != nil {
		t.Fatal(err)
	}
	before := entries(t, p.tmp)
	next := p.also("talk")
	next.child()
	next.do("exit 0")
	next.wantExit(0)
	p.do("exit 0")
	p.wantExit(0)
	if after := entries(t, p.tmp); len(after) != len(before)-1 { // without that of p
		t.Errorf("there were %v, there are %v", before, after)
	}
	if len(entries(t, elsewhere)) != 1 {
		t.Error("the sweep has followed a symbolic link")
	}
	for _, name := range before {
		os.RemoveAll(filepath.Join(p.tmp, name))
	}
}

// Somebody takes the name of a private directory that has vanished: nothing in it is used or
// removed, and the program runs on.
func TestPrivateDirectoryIsTaken(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-track="+file))
	p.child()
	private := p.private()
	rename(t, private, private+".away")
	if err := os.Mkdir(private, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(private, 0o777); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(private, "theirs"), "1")
	p.do("exit 75")
	p.child()
	save(t, file, "changed")
	p.await("^told: .*file$")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	if names := entries(t, private); len(names) != 1 || names[0] != "theirs" {
		t.Errorf("the directory of somebody else has %v", names)
	}
	for _, dir := range []string{private, private + ".away"} {
		os.RemoveAll(dir)
	}
}

// A tidy-up of the temporary directory takes everything away.
func TestPrivateDirectoryVanishes(t *testing.T) {
	t.Parallel()
	file := tempFile(t)
	p := start(t, command(t, "talk", "-track="+file))
	for i := 0; i < 2; i++ {
		p.child()
		for _, name := range entries(t, p.tmp) {
			if err := os.RemoveAll(filepath.Join(p.tmp, name)); err != nil {
				t.Fatal(err)
			}
		}
		save(t, file, "changed "+itoa(i))
		p.await("^told: .*file$")
	}
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}
