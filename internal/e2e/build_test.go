package e2e

import (
	"fmt"
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

// Every way to start a program leads to one that restarts, and is known to be what its sources build.
func TestWaysToStart(t *testing.T) {
	trimmed := "^restarter: built with -trimpath, which records neither -ldflags, CGO flags nor the path of a profile; GOFLAGS and CGO_CFLAGS can carry them$"
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
			line: `^restarter: cannot rebuild: built from a list of files with -trimpath; use "go run \."; watching only the executable$`,
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
			p := m.startAs([]string{debug}, test.args...)
			p.await("^text 1 ")
			if test.dead {
				p.await(test.line)
				p.leave()
				return
			}
			p.awaitAnywhere(proved)
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
