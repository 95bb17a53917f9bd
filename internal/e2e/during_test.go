package e2e

import (
	"testing"
)

// An edit behind the back of a build that has read the sources already: of the user's own,
// by go run, and of a later one, which is then for nothing.
func TestEditDuringBuild(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	g := newGate(t)
	cmd := m.tool("run", ".")
	cmd.Env = append(cmd.Env, g.environ()...)
	p := start(t, cmd)
	open := g.wait()
	m.replace("text.go", `"1"`, `"2"`)
	open()
	p.await("^text 1 ")
	open = g.wait() // of version 2, which is built without being asked for
	m.replace("text.go", `"2"`, `"3"`)
	p.await(building)
	g.openAll() // for version 3; the other was interrupted
	open()
	p.await("^text 3 ")
	p.leave()
	p.expect(0, "^text 2 ")
}

// A package that a build brings in was not watched while that build read it.
func TestEditOfNewPackageDuringBuild(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "lib/lib.go", "package lib\n\nconst Text = \"2\"\n")
	g := newGate(t)
	p := m.launch(m.build(), append(g.environ(), debug))
	p.await("^text 1 ")
	open := g.wait() // of what runs
	open()
	p.await(proved)
	m.write("text.go", "package main\n\nimport \"example.com/app/lib\"\n\nfunc text() string { return lib.Text }\n")
	p.await("text.go changed")
	open = g.wait()
	m.replace("lib/lib.go", `"2"`, `"3"`)
	open()
	g.openAll()
	p.await("^restarter: debug: lib/lib.go is new to the program$")
	p.await("^text 3 ")
	p.leave()
}
