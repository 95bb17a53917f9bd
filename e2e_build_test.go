package restarter

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program is built again as it was built at first, and it cannot tell that it has
// been restarted: flags, arguments, directory, environment, standard files.
func TestFlagsAndSurroundings(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", `package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/lib537/restarter"
)

const version = "1"

var linked, tagged, raced = "no", "no", "no"

func main() {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "RESTARTER=") {
			env = append(env, v)
		}
	}
	fmt.Printf("role %t env %q\n", restarter.IsParent(), env)
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	wd, _ := os.Getwd()
	line := make([]byte, 9)
	os.Stdin.Read(line)
	fmt.Printf("version %s args %q wd %q linked %s tagged %s raced %s stdin %q\n",
		version, os.Args, wd, linked, tagged, raced, line)
	fmt.Fprintln(os.Stderr, "on standard error")
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	<-ctx.Done()
	os.Exit(restarter.ExitCode)
}
`, "tag.go", "//go:build x\n\npackage main\n\nfunc init() { tagged = \"yes\" }\n",
		"race.go", "//go:build race\n\npackage main\n\nfunc init() { raced = \"yes\" }\n",
		"input", "the first\nthe other\n")
	flags, raced := []string{"-tags", "x", "-ldflags", "-X main.linked=yes"}, "no"
	if raceWorks() {
		flags, raced = append(flags, "-race"), "yes"
	}
	exe := m.build(flags...)
	stdin, err := os.Open(m.path("input"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	cmd := exec.Command(exe, "a", "b c", "")
	cmd.Args[0] = "./a name of its own"
	cmd.Dir = filepath.VolumeName(exe) + string(filepath.Separator)
	cmd.Stdin = stdin
	cmd.Env = append(m.tool().Env, "GORACE=atexit_sleep_ms=0")
	p := start(t, cmd)

	parent := p.await("^role true (env .*)")[1]
	if child := p.await("^role false (env .*)")[1]; child != parent {
		t.Errorf("the environment of the child differs:\n%s\n%s", parent, child)
	}
	told := "^version %d args (.*) stdin (.*)$"
	first := p.await(fmt.Sprintf(told, 1))
	want := fmt.Sprintf("%q wd %q linked yes tagged yes raced %s", cmd.Args, cmd.Dir, raced)
	if first[1] != want {
		t.Errorf("at first:\n%s, want\n%s", first[1], want)
	}
	p.await("^on standard error")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	if child := p.await("^role false (env .*)")[1]; child != parent {
		t.Errorf("the environment of the second child differs:\n%s\n%s", parent, child)
	}
	second := p.await(fmt.Sprintf(told, 2))
	if second[1] != want {
		t.Errorf("restarted:\n%s, want\n%s", second[1], want)
	}
	// The same file: the second process reads on where the first stopped.
	if first[2] != `"the first"` || second[2] != `"\nthe othe"` {
		t.Errorf("standard input: %s, then %s", first[2], second[2])
	}
	p.await("^on standard error")
}

// raceWorks reports whether -race can be had here.
func raceWorks() bool {
	cmd := exec.Command("go", "build", "-race", "-o", os.DevNull, "errors")
	return cmd.Run() == nil
}

// Every way to start a program leads to one that restarts.
func TestWaysToStart(t *testing.T) {
	trimmed := "^restarter: built with -trimpath, which records neither -ldflags nor CGO flags; GOFLAGS can carry them$"
	tests := []struct {
		name string
		args []string
		line string // a message to be expected, once
		dead bool   // it cannot be rebuilt
	}{
		{name: "go run .", args: []string{"run", "."}},
		{name: "go run main.go", args: []string{"run", "main.go"}},
		{name: "go run two files", args: []string{"run", "main.go", "text.go"}},
		{name: "go run path", args: []string{"run", "example.com/app"}},
		{name: "go run -trimpath", args: []string{"run", "-trimpath", "."}, line: trimmed},
		{
			name: "go run -trimpath main.go", args: []string{"run", "-trimpath", "main.go", "text.go"}, dead: true,
			line: `^restarter: cannot rebuild: built from a list of files with -trimpath; use "go run \."; watching the executable alone$`,
		},
		{name: "go build", args: []string{"build"}},
		{name: "go build main.go", args: []string{"build", "main.go", "text.go"}},
		{name: "go build -trimpath", args: []string{"build", "-trimpath"}, line: trimmed},
		{name: "go build -ldflags=-buildid=", args: []string{"build", "-ldflags=-buildid="}},
	}
	for _, test := range tests {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text)
			if test.name == "go run main.go" {
				m.remove("text.go")
				m.write("main.go", teller+strings.TrimPrefix(text, "package main\n"))
			}
			var p *process
			if test.args[0] == "run" {
				p = start(t, m.tool(test.args...))
			} else {
				exe := filepath.Join(t.TempDir(), "app.exe")
				args := append([]string{"build", "-o", exe}, test.args[1:]...)
				if out, err := m.tool(args...).CombinedOutput(); err != nil {
					t.Fatalf("go build: %v\n%s", err, out)
				}
				p = m.launch(exe, nil)
			}
			p.await("^text 1 ")
			if test.dead {
				p.await(test.line)
				p.leave()
				return
			}
			source := "text.go"
			if test.name == "go run main.go" {
				source = "main.go"
			}
			m.replace(source, `"1"`, `"2"`)
			p.await("^text 2 ")
			m.replace(source, `// one`, `// two`)
			p.await(same)
			m.replace(source, `"2"`, `"3"`)
			p.await("^text 3 ")
			p.leave()
			p.expect(3, "^text ")
			if test.line != "" {
				p.expect(1, test.line)
			}
		})
	}
}

// A gate stands before a tool of the go command and lets it through when the test says so.
// It is this test binary, as -toolexec.
type gate struct {
	t  *testing.T
	ln net.Listener
}

const gateVar = "RESTARTER_TEST_GATE"

func init() {
	programs["gate"] = func() {
		args := os.Args[1:]
		tool := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
		if tool == "link" && !strings.HasPrefix(args[1], "-V") {
			conn, err := net.Dial("tcp", os.Getenv(gateVar))
			if err == nil {
				bufio.NewReader(conn).ReadString('\n') // or until the test has ended
			}
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			os.Exit(1)
		}
	}
}

func newGate(t *testing.T) *gate {
	t.Helper()
	used.Store("gate", true)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return &gate{t, ln}
}

// environ has every go command pass through the gate.
func (g *gate) environ() []string {
	return []string{"GOFLAGS=-mod=mod -toolexec=" + executable(g.t), programVar + "=gate",
		gateVar + "=" + g.ln.Addr().String(), "GORACE=atexit_sleep_ms=0"}
}

// wait waits for a build that has read all sources and is about to link. The function lets
// it go on.
func (g *gate) wait() (open func()) {
	g.t.Helper()
	conn, err := g.ln.Accept()
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { conn.Close() })
	return func() {
		fmt.Fprintln(conn)
		conn.Close()
	}
}

// An edit behind the back of a build that has read the sources already: of the first build,
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
	p.await(building)
	open = g.wait() // of version 2
	m.replace("text.go", `"2"`, `"3"`)
	p.await(building)
	g.wait()() // of version 3; the other was interrupted
	open()
	p.await("^text 3 ")
	p.leave()
}

// A package that a build brings in was not watched while that build read it.
func TestEditOfNewPackageDuringBuild(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "lib/lib.go", "package lib\n\nconst Text = \"2\"\n")
	g := newGate(t)
	p := m.launch(m.build(), g.environ())
	p.await("^text 1 ")
	m.write("text.go", "package main\n\nimport \"example.com/app/lib\"\n\nfunc text() string { return lib.Text }\n")
	p.await("text.go changed")
	open := g.wait()
	m.replace("lib/lib.go", `"2"`, `"3"`)
	open()
	p.await("lib.go changed")
	g.wait()()
	p.await("^text 3 ")
	p.leave()
}
