package e2e

import (
	"io"
	"testing"
)

// A deploy calls net.Listen where the running program calls Listen, which then exits by itself before the deploy is
// seen: the parent keeps no socket that is in the way.
func TestDeployWithoutListen(t *testing.T) {
	t.Parallel()
	needsInheritance(t)
	m := newModule(t, "main.go", `package main

import (
	"fmt"
	"net"
	"os"

	"github.com/lib537/restarter"
)

const version = "1"

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	address, _ := os.ReadFile("address")
	ln, err := restarter.Listen("tcp", string(address))
	fmt.Println("version", version, err)
	if err != nil {
		os.Exit(1)
	}
	os.WriteFile("address", []byte(ln.Addr().String()), 0o600)
	var code int
	fmt.Scan(&code)
	os.Exit(code)
}

var _ = net.Listen
`, "address", "127.0.0.1:0")
	exe := m.build()
	m.edit("main.go", "restarter.Listen(", "net.Listen(")
	m.edit("main.go", `"1"`, `"2"`)
	deployed := m.build()
	p := m.launch(exe, []string{"PATH="})
	p.await("^version 1 <nil>$")
	p.awaitAnywhere("^restarter: cannot rebuild: no go command in PATH; watching only the executable$")
	rename(t, deployed, exe)
	io.WriteString(p.stdin, "75\n")
	p.await("^version 2 <nil>$")
	io.WriteString(p.stdin, "0\n")
	p.wantExit(0)
}

// Overlap: a successor was ready, and ends while the old program still exits. The next one opens, by net.Listen, an address
// that the successor had by Listen.
func TestSocketOfASuccessorThatWasReady(t *testing.T) {
	t.Parallel()
	needsInheritance(t)
	m := newModule(t, "main.go", `package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/lib537/restarter"
)

func main() {
	l := restarter.Launcher{Overlap: time.Minute}
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	ln, err := restarter.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	second()
	go ln.Accept()
	await(leave)
	os.Exit(code)
}

func await(name string) {
	for {
		restarter.ShouldRestart() // one that asks is not sent SIGTERM
		if _, err := os.Stat(name); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func open(version int, listen func(network, address string) (net.Listener, error)) {
	address, _ := os.ReadFile("address")
	ln, err := listen("tcp", string(address))
	fmt.Println("version", version, err)
	if err == nil {
		os.WriteFile("address", []byte(ln.Addr().String()), 0o600)
	}
}
`, "version.go", `package main

import "fmt"

const leave, code = "old", 75

func second() { fmt.Println("version 1") }
`, "address", "127.0.0.1:0")
	p := m.launch(m.build(), []string{debug})
	p.await("^version 1$")
	p.awaitAnywhere(proved)
	const ready = "^restarter: debug: the new program is ready after "
	m.write("version.go", `package main

import "github.com/lib537/restarter"

const leave, code = "new", 3

func second() { open(2, restarter.Listen) }
`)
	p.await("^version 2 <nil>$")
	p.await(ready)
	m.put("new", "")
	p.await("^restarter: the new program exited with code 3 after .*; the old one is still exiting$")
	m.write("version.go", `package main

import "net"

const leave, code = "newest", 0

func second() { open(3, net.Listen) }
`)
	p.await("^version 3 <nil>$")
	p.await(ready)
	m.put("old", "")
	m.put("newest", "")
	p.wantExit(0)
}

// A program fails between two calls of Listen. What the parent keeps for the second is not why, unless the program opens
// that by net.Listen.
func TestFailureBetweenTwoCallsOfListen(t *testing.T) {
	needsInheritance(t)
	const hint = "^restarter: the parent keeps tcp .* for restarter.Listen; net.Listen cannot open it$"
	for _, edit := range []string{"os.Exit(3)", `open(net.Listen, "second")`} {
		edit := edit
		t.Run(edit, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", `package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	l := restarter.Launcher{WaitOnFailure: true}
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	open(restarter.Listen, "first")
	// more
	open(restarter.Listen, "second")
	fmt.Println("serves")
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	go func() {
		fmt.Scanln()
		os.Exit(0)
	}()
	<-ctx.Done()
	os.Exit(restarter.ExitCode)
}

func open(listen func(network, address string) (net.Listener, error), file string) {
	address, _ := os.ReadFile(file)
	ln, err := listen("tcp", string(address))
	if err != nil {
		os.Exit(3)
	}
	os.WriteFile(file, []byte(ln.Addr().String()), 0o600)
}
`, "first", "127.0.0.1:0", "second", "127.0.0.1:0")
			p := m.start()
			p.await("^serves$")
			m.edit("main.go", "// more", edit)
			p.await("^restarter: the program failed with exit code 3; waiting for a change$")
			if edit != "os.Exit(3)" {
				p.await(hint)
			}
			m.edit("main.go", edit, "// mended")
			p.await("^serves$")
			p.leave()
			if edit == "os.Exit(3)" {
				p.expect(0, hint)
			}
		})
	}
}
