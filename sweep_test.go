//go:build unix

package restarter

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// in has a command use the temporary directory of another process.
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
	p.over()
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		names = append(names, d.Name())
	}
	return names
}

func TestLeftoversAreSweptAtTheNextStart(t *testing.T) {
	p := start(t, command(t, "talk"))
	killAll(t, p, p.child())
	if left := entries(t, p.tmp); len(left) != 1 {
		t.Fatalf("the dead have left %v", left)
	}
	next := p.also("talk")
	private := next.await(` private (\S+) `)[1]
	if left := entries(t, p.tmp); len(left) != 1 || filepath.Join(p.tmp, left[0]) != private {
		t.Errorf("there are %v, want %s alone", left, private)
	}
	next.do("exit 0")
	next.wantExit(0)
}

// The temporary directory may have a name that means something to a pattern.
func TestTemporaryDirectoryIsNoPattern(t *testing.T) {
	cmd := command(t, "talk", "-settled=0")
	tmp := filepath.Join(t.TempDir(), "a[b]*")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+tmp)
	p := start(t, cmd)
	m := p.await(`^child (\d+) of \d+ version \S+ private (\S+) `)
	if err := os.Mkdir(filepath.Join(m[2], "1"), 0o700); err != nil {
		t.Fatal(err)
	}
	pid := p.again()
	if exists(filepath.Join(m[2], "1")) {
		t.Error("the old executable is still there")
	}
	killAll(t, p, pid)
	next := command(t, "talk")
	next.Env = append(next.Env, "TMPDIR="+tmp)
	q := start(t, next)
	q.child()
	q.do("exit 0")
	q.wantExit(0)
	if left := entries(t, tmp); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A parent that seems to be dead, as its number does in another container, and holds its lock is
// alive.
func TestAbandoned(t *testing.T) {
	const nobody = 1 << 30
	p := start(t, command(t, "talk"))
	m := p.await(`^child (\d+) of \d+ version \S+ private (\S+) `)
	private := m[2]
	if abandoned(nobody, private) {
		t.Error("the directory of a living parent")
	}
	pid, _ := strconv.Atoi(m[1])
	killAll(t, p, pid)
	if !abandoned(nobody, private) || abandoned(os.Getpid(), private) || abandoned(nobody, private+"0") {
		t.Error("that of a dead one")
	}
	removePrivate(private)
}

func TestTwoParentsSideBySide(t *testing.T) {
	a := start(t, command(t, "talk", "-settled=0"))
	a.child()
	b := a.also("talk", "-settled=0")
	b.child()
	a.do("exit 75") // after the sweep of b
	a.child()
	if both := entries(t, a.tmp); len(both) != 2 {
		t.Errorf("there are %v, want two directories", both)
	}
	killAll(t, b, b.again())
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

// again restarts the child.
func (p *process) again() int {
	p.t.Helper()
	p.do("exit 75")
	return p.child()
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
		for _, file := range []string{"lock", "build", "handover"} {
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

// Somebody takes the name of a private directory that has vanished: it is not used, and no
// process dies of what it says.
func TestPrivateDirectoryIsTaken(t *testing.T) {
	bystander := command(t, "talk")
	bystander.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	b := start(t, bystander)
	b.child()
	p := start(t, command(t, "talk"))
	private := p.await(` private (\S+) `)[1]
	if err := os.Rename(private, private+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(private, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(private, 0o777); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(private, "build"), itoa(bystander.Process.Pid))
	p.do("exit 75")
	p.await("^restarter: cannot start the program: .* belongs to somebody else$")
	p.wantExit(1)
	if names := entries(t, private); len(names) != 1 || names[0] != "build" {
		t.Errorf("the directory of somebody else has %v", names)
	}
	b.do("exit 4")
	b.wantExit(4)
	for _, dir := range []string{private, private + ".away"} {
		os.RemoveAll(dir)
	}
}

// A tidy-up of the temporary directory takes everything away.
func TestPrivateDirectoryVanishes(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-settled=0", "-track="+file))
	private := p.await(` private (\S+) `)[1]
	for i := 0; i < 2; i++ {
		p.do("watch") // it has read what the parent wrote
		p.await("^watches$")
		if err := os.RemoveAll(private); err != nil {
			t.Fatal(err)
		}
		save(t, file, "changed "+itoa(i))
		p.await("^told: .*file$")
		p.child()
	}
	p.do("exit 0")
	p.wantExit(0)
}
