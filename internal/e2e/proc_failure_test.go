package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lib537/restarter"
)

func init() {
	// A program that is content with what it reads, or fails.
	programs["reader"] = func() {
		if l := (restarter.Launcher{WaitOnFailure: true}); restarter.IsParent() {
			os.Exit(l.LaunchChild())
		}
		restarter.Track(os.Args[1])
		switch content, _ := os.ReadFile(os.Args[1]); string(content) {
		case "good":
			fmt.Println("good")
			os.Exit(0)
		case "mended":
			os.WriteFile(os.Args[1], []byte("good"), 0o644) // as somebody else might just now
		}
		os.Exit(3)
	}
}

func TestWaitOnFailure(t *testing.T) {
	t.Parallel()
	for order, code := range map[string]int{"exit 3": 3, "panic": 2} {
		t.Run(order, func(t *testing.T) {
			file := tempFile(t)
			p := start(t, command(t, "talk", "-wait", "-track="+file))
			p.child()
			p.do(order)
			p.await(fmt.Sprintf("^restarter: the program failed with exit code %d; waiting for a change$", code))
			save(t, file, "changed")
			p.child()
			p.do("exit 0")
			p.wantExit(0)
			p.expect(2, "^child ")
			p.expect(1, "^restarter: the program")
		})
	}
}

// Without WaitOnFailure a new program that fails ends all, with a hint. One that was not restarted has none.
func TestFailureAfterARestart(t *testing.T) {
	t.Parallel()
	for _, restarted := range []int{0, 1} {
		file := tempFile(t)
		p := start(t, command(t, "talk", "-track="+file))
		p.child()
		if restarted > 0 {
			save(t, file, "changed")
			p.await("^told: ")
			p.child()
		}
		p.do("exit 3")
		p.wantExit(3)
		p.drain()
		p.expect(restarted, "^restarter: the new program failed with exit code 3, so the parent ends; started with Launcher.WaitOnFailure, ")
	}
}

// A program that fails before it has asked for anything is mended by an edit all the same.
func TestWaitOnFailureOfAProgramThatAlwaysFails(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", `package main

import (
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

var fails = []string{}

func main() {
	if restarter.IsParent() {
		l := restarter.Launcher{WaitOnFailure: true}
		os.Exit(l.LaunchChild())
	}
	fmt.Println("child")
	fmt.Println("value", fails[0])
}
`)
	p := m.launch(m.build(), []string{debug})
	p.await("^panic: ")
	p.await("^restarter: the program failed with exit code 2; waiting for a change$")
	p.awaitAnywhere(proved)
	m.replace("main.go", "{}", "{")
	p.await("^restarter: main.go changed; building$")
	p.await(`^\.[/\\]main.go:\d+:\d+: syntax error`)
	p.await("^restarter: build failed; waiting for a change$")
	m.replace("main.go", "{\n", "{\"is mended\"}\n")
	p.await("^value is mended$")
	p.wantExit(0)
}

// A program that fails for what it reads is launched again when that changes, though it has left at
// once.
func TestTrackedByAProgramThatFailsAtOnce(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"bad", "mended", ""} {
		t.Run(content, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config")
			if content != "" {
				save(t, file, content)
			}
			p := start(t, command(t, "reader", file))
			if content != "mended" {
				p.await("^restarter: the program failed with exit code 3; waiting for a change$")
				save(t, file, "good")
			}
			p.await("^good$")
			p.wantExit(0)
		})
	}
}

// Who mends what a program reads, again and again, waits for no pause.
func TestQuickMends(t *testing.T) {
	slow(t)
	file := tempFile(t)
	p := start(t, command(t, "reader", file))
	for i := 0; i < 24; i++ {
		p.await("^restarter: the program failed with exit code 3; waiting for a change$")
		save(t, file, "bad "+itoa(i))
	}
	p.await("waiting for a change$")
	save(t, file, "good")
	p.await("^good$")
	p.wantExit(0)
	p.expect(0, "keeps? exiting")
}
