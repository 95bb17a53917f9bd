package e2e

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
func deployed(t *testing.T, args ...string) (exe string, p *process) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a running executable cannot be replaced")
	}
	cmd := command(t, "talk", args...)
	exe = filepath.Join(t.TempDir(), "app")
	copyProgram(t, exe, 'A')
	cmd.Path, cmd.Args[0] = exe, exe
	cmd.Env = append(cmd.Env, debug)
	p = start(t, cmd)
	p.version("A")
	return exe, p
}

// deploy puts a program in the place of another, in one step.
func deploy(t *testing.T, exe string, mark byte) {
	t.Helper()
	copyProgram(t, exe+".new", mark)
	rename(t, exe+".new", exe)
}

// version waits for a child that is the program of that mark.
func (p *process) version(mark string) {
	p.t.Helper()
	if m := p.await(`^child \d+ of \d+ version -(\S+) `); m[1] != mark {
		p.t.Fatalf("the program is %s, want %s", m[1], mark)
	}
}

// leaves ends the program, and fails the test if there have been more children than wanted.
func (p *process) leaves(children int) {
	p.t.Helper()
	const message = "^restarter: cannot rebuild: no go command in PATH; watching only the executable$"
	p.awaitAnywhere(message)
	p.do("exit 0")
	p.wantExit(0)
	p.expect(children, "^child ")
	p.expect(1, message)
}

func TestExecutableRenamedOver(t *testing.T) {
	slow(t)
	exe, p := deployed(t)
	for _, mark := range "BCA" { // and back again
		deploy(t, exe, byte(mark))
		p.await("^restarter: .*app was replaced; restarting$")
		p.await("^told: .*app$")
		p.version(string(mark))
	}
	p.leaves(4)
}

func TestExecutableRemovedAndWrittenAnew(t *testing.T) {
	t.Parallel()
	exe, p := deployed(t)
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	p.do("echo goes on without")
	p.await("^goes on without$")
	copyProgram(t, exe, 'B')
	p.await("^restarter: .*app was replaced; restarting$")
	p.version("B")
	p.leaves(2)
}

// The same program again is no reason to restart. The other one behind it shows that there was
// nothing to come.
func TestSameExecutableAgain(t *testing.T) {
	t.Parallel()
	exe, p := deployed(t)
	deploy(t, exe, 'A')
	if err := os.Chmod(exe, 0o700); err != nil {
		t.Fatal(err)
	}
	p.do("echo goes on")
	p.await("^goes on$")
	deploy(t, exe, 'B')
	p.await("^restarter: .*app was replaced; restarting$")
	p.version("B")
	p.leaves(2)
}

// The program exits by itself just after a deploy: the new one runs, and is not restarted when the deploy is seen.
func TestExitAfterADeploy(t *testing.T) {
	slow(t)
	exe, p := deployed(t)
	deploy(t, exe, 'B')
	p.do("exit 75")
	p.version("B")
	p.await("^restarter: debug: .* is the same program: content ID ")
	deploy(t, exe, 'C')
	p.await("^restarter: .*app was replaced; restarting$")
	p.version("C")
	p.leaves(3)
}

func TestExecutableRepointed(t *testing.T) {
	slow(t)
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
		t.Run(link, func(t *testing.T) {
			point(link, fmt.Sprintf(to, "A"))
			cmd := command(t, "talk")
			cmd.Path = filepath.Join(dir, link)
			if link == "current" { // the directory is the link
				cmd.Path = filepath.Join(cmd.Path, "app")
			}
			cmd.Args[0] = cmd.Path
			p := start(t, cmd)
			p.version("A")
			for _, mark := range []string{"B", "C", "A"} {
				point(link, fmt.Sprintf(to, mark))
				p.await("was replaced")
				p.version(mark)
			}
			p.leaves(4)
		})
	}
}

// A deploy that comes while the program has failed mends it.
func TestDeployUnderWaitOnFailure(t *testing.T) {
	t.Parallel()
	exe, p := deployed(t, "-wait")
	p.do("exit 3")
	p.await("waiting for a change$")
	deploy(t, exe, 'B')
	p.await("^restarter: .*app was replaced; restarting$")
	p.version("B")
	p.leaves(2)
}

// Built here, run where the sources are not.
func TestWithoutSources(t *testing.T) {
	t.Parallel()
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
	p.await("^restarter: cannot rebuild: the sources of example.com/app are not here; watching only the executable$")
	rename(t, second, first)
	p.await("was replaced")
	p.await("^version 2 ")
}
