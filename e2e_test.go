package restarter

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// report is a program that says what it is whenever it starts, until it is told to restart.
const report = `package main

import (
	"fmt"
	"os"
	"time"

	"github.com/lib537/restarter"
)

const version = "1"

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	fmt.Println("version", version, "process", os.Getpid())
	for !restarter.ShouldRestart() {
		time.Sleep(5 * time.Millisecond)
	}
	os.Exit(restarter.ExitCode)
}
`

// teller is a program that tells, when it starts, what the function text returns, which
// another file has to define. It repeats that for every line on standard input, and leaves
// with 0 at its end.
const teller = `package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	tell := func() { fmt.Println("text", text(), "process", os.Getpid()) }
	tell()
	go func() {
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			tell()
		}
		os.Exit(0)
	}()
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	<-ctx.Done()
	os.Exit(restarter.ExitCode)
}
`

// text is the rest of teller.
const text = `package main

func text() string { return "1" } // one
`

// buildWith is build with more environment.
func (m *module) buildWith(env []string, flags ...string) string {
	m.t.Helper()
	exe := filepath.Join(m.t.TempDir(), "app")
	if runtime.GOOS == "windows" {
		exe += ".exe"
	}
	cmd := m.tool(append([]string{"build", "-o", exe}, flags...)...)
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("go build: %v\n%s", err, out)
	}
	return exe
}

// launch starts an executable in the directory of the module, with more environment.
func (m *module) launch(exe string, env []string, args ...string) *process {
	m.t.Helper()
	cmd := exec.Command(exe, args...)
	cmd.Dir = m.dir
	cmd.Env = append(m.tool().Env, env...)
	return start(m.t, cmd)
}

// ask has a teller repeat itself, and returns the process that answers.
func (p *process) ask() (process string) {
	p.t.Helper()
	if _, err := p.stdin.Write([]byte("\n")); err != nil {
		p.t.Fatal(err)
	}
	return p.await("^text .* process (.*)")[1]
}

// leave has a teller end by itself.
func (p *process) leave() {
	p.t.Helper()
	p.stdin.Close()
	if code := p.exit(); code != 0 {
		p.t.Errorf("exit code %d", code)
	}
}

// expect checks how many lines match so far. A program that prints a line when it starts
// has not been restarted if there is one.
func (p *process) expect(n int, pattern string) {
	p.t.Helper()
	if got := p.count(pattern); got != n {
		p.t.Errorf("%d lines match %q, want %d, in:\n%s", got, pattern, n, strings.Join(p.output(), "\n"))
	}
}

func TestEditRestarts(t *testing.T) {
	m := newModule(t, "main.go", report)
	p := m.start()
	p.await("^version 1 ")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^version 2 ")
}

// newExample copies an example into a module of its own.
func newExample(t *testing.T, name string) *module {
	t.Helper()
	m := newModule(t)
	entries, err := os.ReadDir(filepath.Join("examples", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range entries {
		data, err := os.ReadFile(filepath.Join("examples", name, d.Name()))
		if err != nil {
			t.Fatal(err)
		}
		m.write(d.Name(), string(data))
	}
	return m
}

func TestExampleLoop(t *testing.T) {
	t.Parallel()
	m := newExample(t, "loop")
	p := m.start()
	p.await("^hello from process ")
	m.replace("main.go", `"hello"`, `"good morning"`)
	p.await("^good morning from process ")
}

// The page changes with the Go file, with the template and with the configuration, and the
// port is never in use.
func TestExampleWeb(t *testing.T) {
	t.Parallel()
	m := newExample(t, "web")
	address := freeAddress(t)
	p := m.start("-addr", address)
	p.await("serves http://")
	c := newClient(t, address)
	for _, edit := range []struct{ file, old, new, page string }{
		{"main.go", `version = "1"`, `version = "2"`, "Version 2"},
		{"page.html", "Hello", "Good morning", "<h1>Good morning"},
		{"web.conf", "", "A new motto. ", "<p>A new motto. "},
	} {
		m.replace(edit.file, edit.old, edit.new)
		p.await("serves http://")
		if page := c.get(); !strings.Contains(page, edit.page) {
			t.Errorf("no %q in the page:\n%s", edit.page, page)
		}
	}
	p.expect(0, "in use")
	p.expect(4, "serves http://")
}
