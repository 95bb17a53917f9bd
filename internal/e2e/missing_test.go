package e2e

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Without a go command the executable alone is watched, and a line says so.
func TestNoGoCommand(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	m.replace("text.go", `"1"`, `"2"`)
	newer := m.build()
	p := m.launch(exe, []string{"PATH=" + t.TempDir()})
	process := p.await("^text 1 process (.*)")[1]
	line := "^restarter: cannot rebuild: no go command in PATH; watching only the executable$"
	p.await(line)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}
	if runtime.GOOS == "windows" {
		p.leave() // an executable that runs cannot be replaced
		return
	}
	if err := os.Rename(newer, exe); err != nil {
		t.Fatal(err)
	}
	p.await("was replaced")
	p.await("^text 2 ")
	p.leave()
	p.expect(1, line)
	p.expect(1, "^text 2 ")
}

// The sources go away and come back, as when a disk is unmounted.
func TestSourcesGone(t *testing.T) {
	t.Parallel()
	m := newModule(t, "app/main.go", teller, "app/text.go", text)
	if err := os.Rename(m.path("go.mod"), m.path("app/go.mod")); err != nil {
		t.Fatal(err)
	}
	top := *m
	m.dir = m.path("app")
	exe := m.build()
	p := top.launch(exe, []string{debug}) // from where it can be moved away
	process := p.await("^text 1 process (.*)")[1]
	p.awaitAnywhere(proved)
	// Once it is known what the program is made of: a comment is the same program.
	m.replace("text.go", "// one", "// two")
	p.await(same)
	if err := os.Rename(m.dir, m.dir+"-away"); err != nil {
		t.Fatal(err)
	}
	p.await(failed)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}
	if err := os.Rename(m.dir+"-away", m.dir); err != nil {
		t.Fatal(err)
	}
	p.await(same)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
}

// Sources that were never there, as where only the executable was copied to.
func TestNoSources(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	m.remove("main.go")
	m.remove("text.go")
	m.remove("go.mod")
	m.remove(".")
	m.dir = t.TempDir()
	p := m.launch(exe, nil)
	p.await("^text 1 ")
	p.await(`^restarter: cannot rebuild: the sources of example.com/app are not here; watching only the executable$`)
	p.leave()
}

// A go.mod that nothing can be built with, while the program runs and from the start.
func TestBrokenGoMod(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	p := m.launch(exe, nil)
	process := p.await("^text 1 process (.*)")[1]
	m.replace("go.mod", "module ", "nonsense ")
	p.await("go.mod:1: unknown directive: nonsense$")
	p.await(failed)
	m.replace("text.go", `"1"`, `"2"`) // the last good list serves on
	p.await("text.go changed")
	p.await(failed)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}
	m.replace("go.mod", "nonsense ", "module ")
	p.await("^text 2 ")
	p.leave()

	m.replace("go.mod", "module ", "nonsense ")
	p = m.launch(exe, nil)
	p.await("^text 1 ")
	p.await("go.mod:1: unknown directive: nonsense")
	p.ask()
	m.replace("go.mod", "nonsense ", "module ")
	p.await("^text 2 ")
	m.replace("text.go", `"2"`, `"3"`)
	p.await("^text 3 ")
	p.leave()
}

// The go command has nowhere to keep what it builds: the program runs on.
func TestNoBuildCache(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	p := m.launch(m.build(), []string{"GOCACHE=off"})
	process := p.await("^text 1 process (.*)")[1]
	m.replace("text.go", `"1"`, `"2"`)
	p.await("GOCACHE")
	p.await(failed)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}
	p.leave()
}

// A module that the program does not need keeps it from being built as long as it is broken: then what was saved
// meanwhile is built.
func TestBrokenModuleOfAWorkspace(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "other/go.mod", "module example.org/other\n\ngo 1.21\n",
		"go.work", "go 1.21\n\nuse (\n\t.\n\t./other\n)\n")
	env := []string{"GOWORK=", "GOFLAGS=", debug}
	p := m.launch(m.build(), env)
	p.awaitAnywhere(proved)
	p.await("^text 1 ")
	m.replace("other/go.mod", "module ", "<<<<<<< HEAD\nmodule ")
	p.await(failed)
	m.replace("text.go", `"1"`, `"2"`)
	p.await(failed)
	m.replace("other/go.mod", "<<<<<<< HEAD\n", "")
	p.await("^text 2 ")
	// One that comes after go.work names it is not known by then.
	m.replace("go.work", "./other", "./other\n\t./later")
	p.await(failed)
	m.replace("text.go", `"2"`, `"3"`)
	p.await(failed)
	m.write("later/go.mod", "module example.org/later\n\ngo 1.21\n")
	p.await("^text 3 ")
	p.leave()
}

// What cannot be listed at the start is listed when it can: its packages are watched then.
func TestListedLater(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", "package main\n\nimport \"example.org/lib\"\n\nfunc text() string { return lib.Text }\n",
		"lib/go.mod", "module example.org/lib\n\ngo 1.21\n", "lib/lib.go", "package lib\n\nvar Text = \"1\"\n")
	m.replace("go.mod", "\nrequire ", "\nrequire example.org/lib v0.0.0\n\nreplace example.org/lib => ./lib\n\nrequire ")
	exe := m.build()
	m.replace("lib/go.mod", "go 1.21", "go 1.999")
	p := m.launch(exe, []string{debug, "GOTOOLCHAIN=local"})
	p.await("^text 1 ")
	p.await("requires go >= 1.999")
	m.replace("lib/go.mod", "go 1.999", "go 1.21")
	p.awaitAnywhere(proved)
	m.replace("lib/lib.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
}

// Without a place for what it builds, the program runs all the same.
func TestNoTemporaryDirectory(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	missing := filepath.Join(t.TempDir(), "missing")
	p := m.launch(m.build(), []string{"TMPDIR=" + missing, "TMP=" + missing, "TEMP=" + missing})
	p.await("^text 1 ")
	p.await("^restarter: cannot build: .*missing.*; GOTMPDIR or TMPDIR can name another place; trying again with the next change$")
	p.expect(1, "^restarter: ")
	if err := os.Mkdir(missing, 0o700); err != nil {
		t.Fatal(err)
	}
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
}
