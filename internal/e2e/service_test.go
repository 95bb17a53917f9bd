package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Saves that do not build leave the process alone, with the connections that it has; the
// compiler's words are there once for each.
func TestBrokenSaves(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", server)
	address := freeAddress(t)
	p := m.startWatched(address)
	p.await("^version 1$")
	c := newClient(t, address)
	before := c.get()
	for i, broken := range []string{"var x int = \"no\"", "func {", "import \"example.com/nowhere\"", "var _ = undefined"} {
		m.put("broken.go", "package main\n\n"+broken+"\n")
		p.await(building)
		if now := c.get(); now != before { // while the build runs
			t.Errorf("%q became %q", before, now)
		}
		p.await(`^(\.[/\\])?broken\.go:3:\d+: `)
		p.await(failed)
		if now := c.get(); now != before {
			t.Errorf("%q became %q", before, now)
		}
		p.expect(i+1, `^(\.[/\\])?broken\.go:\d+:\d+: `)
	}
	if c.dials != 1 {
		t.Errorf("%d connections, want 1", c.dials)
	}
	m.remove("broken.go")
	p.await(same)
	if now := c.get(); now != before || c.dials != 1 {
		t.Errorf("%q became %q, %d connections", before, now, c.dials)
	}
	m.edit("main.go", "package main\n", "package mian\n")
	p.await("^restarter: package example.com/app is not a main package$")
	p.await(failed)
	m.edit("main.go", "package mian\n", "package main\n")
	p.await(same)
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^version 2$")
	if now := c.get(); !strings.HasPrefix(now, "version 2 ") {
		t.Errorf("the answer is %q", now)
	}
	p.expect(5, failed)
}

// One process of the program at a time: each is alone with the port and with the file, from
// its first line to its last.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	main := strings.NewReplacer(
		"\tln, err := net.Listen", `	alone, err := os.OpenFile(os.Args[2], os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		fmt.Println("not alone:", err)
		os.Exit(1)
	}
	alone.Close()
	ln, err := net.Listen`,
		"\t\tos.Exit(restarter.ExitCode)", `		// The port is free by now, the process is not gone.
		time.Sleep(100 * time.Millisecond)
		os.Remove(os.Args[2])
		os.Exit(restarter.ExitCode)`,
		`"os"`, "\"os\"\n\t\"time\"").Replace(server)
	m := newModule(t, "main.go", main)
	p := m.start(freeAddress(t), t.TempDir()+"/alone")
	p.await("^version 1$")
	for n := 1; n <= 5; n++ {
		m.replace("main.go", fmt.Sprintf("version = %q", fmt.Sprint(n)), fmt.Sprintf("version = %q", fmt.Sprint(n+1)))
		p.await(fmt.Sprintf("^version %d$", n+1))
	}
	p.expect(0, "^(cannot listen|not alone)")
	p.expect(6, "^version ")
}
