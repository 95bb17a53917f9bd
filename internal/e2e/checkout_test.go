package e2e

import (
	"fmt"
	"os/exec"
	"testing"
)

// A package that is imported before it exists is found when it comes.
func TestPackageThatComesLater(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	p := m.start()
	process := p.await("^text 1 process (.*)")[1]
	m.write("text.go", `package main

import "example.com/app/sub/later"

func text() string { return later.Text }
`)
	p.await("^.*text.go:3:8: ")
	p.await(failed)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}
	m.write("sub/later/later.go", "package later\n\nconst Text = \"2\"\n")
	p.await("^text 2 ")
	m.replace("sub/later/later.go", `"2"`, `"3"`)
	p.await("^text 3 ")
	p.leave()
}

// A change of branch writes hundreds of files: that is one restart, or two if the first
// build was done before the last file came.
func TestCheckout(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	m := newModule(t, "main.go", teller, "text.go", `package main

import (
	"fmt"

	"example.com/app/many"
)

func text() string { return fmt.Sprint(many.Sum) }
`, "many/many.go", "package many\n\nvar Sum int\n")
	const files = 300
	name := func(i int) string { return fmt.Sprintf("many/f%03d.go", i) }
	for i := 0; i < files; i++ {
		m.write(name(i), "package many\n\nfunc init() { Sum += 1 }\n")
	}
	m.git("init", "-q")
	m.git("add", ".")
	m.git("commit", "-q", "-m", "one")
	m.git("branch", "one")
	m.git("checkout", "-q", "-b", "two")
	for i := 0; i < files; i++ {
		m.replace(name(i), "+= 1", "+= 2")
	}
	m.git("commit", "-q", "-a", "-m", "two")
	m.git("checkout", "-q", "one")

	p := m.start()
	p.await("^text 300 ")
	m.git("checkout", "-q", "two")
	p.await("^text 600 ")
	if n := p.count("^text ") - 1; n > 2 {
		t.Errorf("%d restarts", n)
	}
	before := p.count("^text ")
	m.git("checkout", "-q", "one")
	p.await("^text 300 ")
	p.leave()
	if n := p.count("^text ") - before; n > 2 {
		t.Errorf("%d restarts", n)
	}
}
