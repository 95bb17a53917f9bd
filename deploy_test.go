package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Deploy: no go command, no sources, and somebody replaces the executable.

// deployed starts talk as the program A from a directory of its own.
func deployed(t *testing.T) (exe string, p *process) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a running executable cannot be replaced")
	}
	cmd := command(t, "talk")
	exe = filepath.Join(t.TempDir(), "app")
	copyProgram(t, exe, 'A')
	cmd.Path, cmd.Args[0] = exe, exe
	p = start(t, cmd)
	if _, mark := p.watched(); mark != "A" {
		t.Fatalf("the program is %s", mark)
	}
	return exe, p
}

// version waits for a child that is the program of that mark.
func (p *process) version(mark string) {
	p.t.Helper()
	if m := p.await(`^child \d+ of \d+ version (\S+) `); m[1] != mark {
		p.t.Fatalf("the program is %s, want %s", m[1], mark)
	}
}

// leaves ends the program, and fails the test if there have been more children than wanted.
func (p *process) leaves(children int) {
	p.t.Helper()
	p.do("exit 0")
	p.wantExit(0)
	p.wantCount(children, "^child ")
	p.wantCount(1, "^restarter: cannot rebuild: no go command in PATH; watching the executable alone$")
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestExecutableRenamedOver(t *testing.T) {
	exe, p := deployed(t)
	for _, mark := range "BCA" { // and back again
		copyProgram(t, exe+".new", byte(mark))
		rename(t, exe+".new", exe)
		p.await("^restarter: .*app was replaced")
		p.await("^told: .*app$")
		p.version(string(mark))
	}
	p.leaves(4)
}

func TestExecutableRemovedAndWrittenAnew(t *testing.T) {
	exe, p := deployed(t)
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	p.do("echo goes on without")
	p.await("^goes on without$")
	copyProgram(t, exe, 'B')
	p.await("^restarter: .*app was replaced")
	p.version("B")
	p.leaves(2)
}

// Half an executable is not run, whoever looks: the other half comes in time. A program that
// cannot be started does not end the one that can.
func TestExecutableCannotBeStarted(t *testing.T) {
	exe, p := deployed(t)
	save(t, exe+".new", "not a program")
	if err := os.Chmod(exe+".new", 0o755); err != nil {
		t.Fatal(err)
	}
	rename(t, exe, exe+".old")
	rename(t, exe+".new", exe)
	p.await("^restarter: .*app was replaced")
	p.await("^restarter: cannot start the program: ")
	p.wantExit(1)
}

func TestExecutableRepointed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege")
	}
	dir := t.TempDir()
	for _, mark := range "ABC" {
		if err := os.Mkdir(filepath.Join(dir, string(mark)), 0o755); err != nil {
			t.Fatal(err)
		}
		copyProgram(t, filepath.Join(dir, string(mark), "app"), byte(mark))
	}
	point := func(link, to string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, "new")); err != nil {
			t.Fatal(err)
		}
		rename(t, filepath.Join(dir, "new"), filepath.Join(dir, link))
	}
	for link, to := range map[string]string{"app": "%s/app", "current": "%s"} {
		link, to := link, to
		t.Run(link, func(t *testing.T) {
			point(link, fmt.Sprintf(to, "A"))
			cmd := command(t, "talk")
			cmd.Path = filepath.Join(dir, link)
			if link == "current" { // the directory is the link
				cmd.Path = filepath.Join(cmd.Path, "app")
			}
			cmd.Args[0] = cmd.Path
			p := start(t, cmd)
			p.watched()
			for _, mark := range []string{"B", "C", "A"} {
				point(link, fmt.Sprintf(to, mark))
				p.await("was replaced")
				p.version(mark)
			}
			p.leaves(4)
		})
	}
}

// Built here, run where the sources are not.
func TestWithoutSources(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a running executable cannot be replaced")
	}
	m := newModule(t, "main.go", report)
	first := m.build("-trimpath")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	second := m.build("-trimpath")
	cmd := exec.Command(first)
	cmd.Dir = t.TempDir()
	p := start(t, cmd)
	p.await("^version 1 ")
	p.await("^restarter: cannot rebuild: the sources of example.com/app are not here; watching the executable alone$")
	rename(t, second, first)
	p.await("was replaced")
	p.await("^version 2 ")
}
