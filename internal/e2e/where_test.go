package e2e

import (
	"strings"
	"testing"
)

// A program of these and teller tells of which module names it was built with.
const named = `package main

import "example.com/names"

const version = "1"

func text() string { return version + " " + names.Of }
`

// requires is the end of a go.mod that takes names from a directory.
func requires(names string) string {
	return "\nrequire example.com/names v0.0.0\n\nreplace example.com/names => " + names + "\n"
}

// writeNames writes that module twice.
func (m *module) writeNames() {
	for _, of := range []string{"right", "wrong"} {
		m.write(of+"/go.mod", "module example.com/names\n")
		m.write(of+"/names.go", "package names\n\nconst Of = \""+of+"\"\n")
	}
}

// The go command builds the program again where the user has run it: so the same module is the main module, in the same
// workspace, and the same relative paths lead to the same files. Anywhere else it would build another program here.
func TestBuiltWhereTheUserStands(t *testing.T) {
	tests := []struct {
		name  string
		main  string // where package main is
		setup func(m *module, mod string)
		from  string
		env   []string
		args  []string
	}{
		{
			name: "go run of files outside the module", main: "scratch",
			setup: func(m *module, mod string) {
				m.write("go.mod", mod+requires("./right"))
				m.write("scratch/go.mod", "module example.com/scratch\n")
			},
			args: []string{"run", "scratch/main.go", "scratch/text.go"},
		}, {
			name: "go run in a workspace beside", main: "prog",
			setup: func(m *module, mod string) {
				m.write("prog/go.mod", strings.Replace(mod, "example.com/app", "example.com/prog", 1)+requires("../wrong"))
				m.write("work/go.work", "go 1.21\n\nuse (\n\t../prog\n\t../right\n)\n")
			},
			from: "work", env: []string{"GOWORK=", "GOFLAGS="}, args: []string{"run", "example.com/prog"},
		}, {
			name: "go run with another go.mod", main: "cmd",
			setup: func(m *module, mod string) {
				m.write("go.mod", mod+requires("./wrong"))
				m.write("right.mod", mod+requires("./right"))
			},
			env: []string{plain + " -modfile=right.mod"}, args: []string{"run", "./cmd"},
		}, {
			name: "go build of a program of another module", main: "tool/cmd",
			setup: func(m *module, mod string) {
				m.write("tool/go.mod", strings.Replace(mod, "example.com/app", "example.com/tool", 1)+requires("../wrong"))
				m.write("go.mod", mod+requires("./right")+"\nrequire example.com/tool v0.0.0\n\nreplace example.com/tool => ./tool\n")
			},
			args: []string{"build", "example.com/tool/cmd"},
		},
	}
	for _, test := range tests {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, test.main+"/main.go", teller, test.main+"/text.go", named)
			m.writeNames()
			test.setup(m, m.replaced("go.mod", "\n", "\n"))
			there := *m
			there.dir = m.path(test.from)
			p := there.startAs(append(test.env, debug), test.args...)
			p.awaitAnywhere(proved)
			p.await("^text 1 right ")
			m.replace(test.main+"/text.go", `"1"`, `"2"`)
			p.await("^text 2 right ")
			// What the packages are made of is known there as well.
			m.replace("right/names.go", `"right"`, `"left"`)
			p.await("^text 2 left ")
			p.leave()
			p.expect(3, "^text ")
			p.expect(0, "failed")
		})
	}
}

// A program that was built by itself is not replaced by another where it is started in a workspace.
func TestBuiltAloneStartedInAWorkspace(t *testing.T) {
	t.Parallel()
	m := newModule(t, "prog/main.go", teller, "prog/text.go", named)
	m.write("prog/go.mod", m.replaced("go.mod", "example.com/app", "example.com/prog")+requires("../right"))
	m.writeNames()
	m.write("work/go.work", "go 1.21\n\nuse (\n\t../prog\n\t../wrong\n)\n")
	at := *m
	at.dir = m.path("prog")
	exe := at.build()
	at.dir = m.path("work")
	p := at.launch(exe, []string{debug, "GOWORK=", "GOFLAGS="})
	p.awaitAnywhere(proved)
	p.await("^text 1 right ")
	m.replace("right/names.go", `"right"`, `"left"`)
	p.await("^text 1 left ")
	m.replace("prog/text.go", `"1"`, `"2"`)
	p.await("^text 2 left ")
	p.leave()
	p.expect(3, "^text ")
}

// An edit of go.work that takes the program out builds nothing else, and is seen to be taken back.
func TestWorkspaceWithoutTheProgram(t *testing.T) {
	t.Parallel()
	m := newModule(t, "prog/main.go", teller, "prog/text.go", named)
	m.write("prog/go.mod", m.replaced("go.mod", "example.com/app", "example.com/prog")+requires("../wrong"))
	m.writeNames()
	work := "go 1.21\n\nuse (\n\t../prog\n\t../right\n)\n"
	m.write("work/go.work", work)
	at := *m
	at.dir = m.path("work")
	p := at.startAs([]string{debug, "GOWORK=", "GOFLAGS="}, "run", "example.com/prog")
	p.awaitAnywhere(proved)
	p.await("^text 1 right ")
	m.put("work/go.work", strings.Replace(work, "\t../prog\n", "", 1))
	p.await(failed)
	m.put("work/go.work", work)
	p.await(same)
	m.replace("right/names.go", `"right"`, `"left"`)
	p.await("^text 1 left ")
	p.leave()
	p.expect(2, "^text ")
}

// A message names go.mod as the go command does where the user stands.
func TestMessageOfABrokenGoMod(t *testing.T) {
	t.Parallel()
	m := newModule(t, "cmd/main.go", teller, "cmd/text.go", text)
	m.write("cmd/go/go.go", "package other\n") // a folder that has the name of the command
	p := m.startAs([]string{debug}, "run", "./cmd")
	p.awaitAnywhere(proved)
	m.write("go.mod", m.replaced("go.mod", "require", "requires"))
	p.await("^go: errors parsing go.mod:$")
	p.await(`^go\.mod:5: unknown directive: requires$`)
	p.await("^restarter: build failed, the old program keeps running$")
	p.leave()
}

// The same is said once if go.mod is broken at the start, though neither can anything be listed.
func TestBrokenGoModAtTheStart(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	whole := m.replaced("go.mod", "\n", "\n")
	m.write("go.mod", m.replaced("go.mod", "require", "requires"))
	p := m.launch(exe, []string{debug})
	p.awaitAnywhere(failed)
	m.write("go.mod", whole)
	p.await(same)
	p.leave()
	p.expect(1, `^go\.mod:5: unknown directive: requires$`)
	p.expect(0, "^restarter: go list: ")
}
