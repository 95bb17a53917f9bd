package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// An edit that the user's own build has read past: what runs at first is not what was saved.
func TestFirstEditDuringTheUsersBuild(t *testing.T) {
	for _, run := range []bool{false, true} {
		run := run
		t.Run(map[bool]string{false: "go build", true: "go run"}[run], func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text)
			g := newGate(t)
			exe := filepath.Join(t.TempDir(), "app.exe")
			cmd := m.tool("build", "-o", exe)
			if run {
				cmd = m.tool("run", ".")
			}
			cmd.Env = append(cmd.Env, g.environ()...)
			p := start(t, cmd)
			open := g.wait()
			m.replace("text.go", `"1"`, `"2"`)
			g.openAll()
			open()
			if !run {
				if code := p.exit(); code != 0 {
					t.Fatalf("go build: exit code %d", code)
				}
				p = m.launch(exe, []string{plain})
			}
			p.await("^text 1 ")
			p.await(anew)
			p.await("^text 2 ")
			p.leave()
			p.expect(2, "^text ")
			p.expect(0, building)
		})
	}
}

// The time of a file says nothing: it may come from a backup or an archive. Nor do the files that
// are there say what is gone.
func TestFirstStartIsComparedByContent(t *testing.T) {
	value := "package main\n\nvar value = \"1\"\n\nfunc text() string { return value }\n"
	more := "package main\n\nfunc init() { value = \"2\" }\n"
	tests := []struct {
		name        string
		files       []string
		edit        func(m *module)
		first, last string
	}{
		{
			name:  "source with an old time",
			files: []string{"text.go", text},
			edit: func(m *module) {
				m.swap("text.go", strings.Replace(text, "1", "2", 1), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
			},
			first: "1", last: "2",
		},
		{
			name:  "source with the same time and size",
			files: []string{"text.go", text},
			edit: func(m *module) {
				m.swap("text.go", strings.Replace(text, "1", "2", 1), m.modTime("text.go"))
			},
			first: "1", last: "2",
		},
		{
			name:  "file removed",
			files: []string{"text.go", value, "more.go", more},
			edit:  func(m *module) { m.remove("more.go") },
			first: "2", last: "1",
		},
		{
			name:  "file added with an old time",
			files: []string{"text.go", value},
			edit: func(m *module) {
				m.write("more.go", more)
				m.touch("more.go", time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
			},
			first: "1", last: "2",
		},
		{
			name: "embedded file removed",
			files: []string{"text.go", "package main\n\nimport \"embed\"\n\n//go:embed *.txt\nvar files embed.FS\n\n" +
				"func text() string {\n\tall, _ := files.ReadDir(\".\")\n\treturn all[0].Name()\n}\n",
				"a.txt", "", "b.txt", ""},
			edit:  func(m *module) { m.remove("a.txt") },
			first: "a.txt", last: "b.txt",
		},
	}
	for _, test := range tests {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, append([]string{"main.go", teller}, test.files...)...)
			exe := m.build()
			test.edit(m)
			p := m.launch(exe, nil)
			p.await("^text " + test.first + " ")
			p.await(anew)
			p.await("^text " + test.last + " ")
			p.leave()
			p.expect(2, "^text ")
			p.expect(1, "^restarter: ")
		})
	}
}

// What the sources build is what runs, however it was built: nothing restarts. See TestWaysToStart for the
// ways without a trap.
func TestFirstStartOfWhatTheSourcesBuild(t *testing.T) {
	tests := []struct {
		name  string
		git   bool
		setup func(m *module)
		args  []string
	}{
		{name: "go build with flags", args: []string{"build", "-tags=x", "-gcflags=-N -l", "-ldflags=-X main.linked=yes -s"}},
		{name: "go build with a buildid", args: []string{"build", "-ldflags=-buildid=mine"}},
		{name: "go build in a repository", git: true, args: []string{"build", "-buildvcs=true"}},
		{
			name: "go build in a repository with edits", git: true, args: []string{"build", "-buildvcs=true"},
			setup: func(m *module) { m.replace("text.go", "one", "two") },
		},
		{name: "go run in a repository", git: true, args: []string{"run", "-buildvcs=true", "."}},
	}
	for _, test := range tests {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text+"\nvar linked = \"no\"\n")
			if test.git {
				if _, err := exec.LookPath("git"); err != nil {
					t.Skip(err)
				}
				m.git("init", "-q")
				m.git("add", ".")
				m.git("commit", "-q", "-m", "one")
			}
			if test.setup != nil {
				test.setup(m)
			}
			p := m.startAs([]string{debug}, test.args...)
			p.awaitAnywhere(proved)
			process := p.await("^text 1 process (.*)")[1]
			if now := p.ask(); now != process {
				t.Errorf("process %s became %s", process, now)
			}
			p.leave()
			p.expect(0, "restarting$")
			p.expect(0, "failed")
		})
	}
}

// What the first build says when it fails is not lost, nor is the program that runs. When the edit
// is taken back, that is the program that runs.
func TestFirstBuildFails(t *testing.T) {
	for _, args := range [][]string{{"build"}, {"run", "."}} {
		args := args
		t.Run("go "+args[0], func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text, "break.go", `package main

import "os"

// The first process, which is the parent, breaks the program before it runs.
func init() {
	if os.Getenv("RESTARTER") == "debug" {
		os.WriteFile("broken.go", []byte("package main\n\nvar x int = \"no\"\n"), 0o600)
	}
}
`)
			p := m.startAs([]string{debug}, args...)
			p.awaitAnywhere(`^(\./)?broken\.go:3:\d+: `)
			p.awaitAnywhere(failed)
			process := p.await("^text 1 process (.*)")[1]
			m.remove("broken.go")
			p.await("broken.go changed; building$")
			p.await(same)
			if now := p.ask(); now != process {
				t.Errorf("process %s became %s", process, now)
			}
			p.leave()
		})
	}
}

// An executable that was renamed or copied is still what its sources build.
func TestFirstStartOfACopy(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	data, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other name.exe")
	if err := os.WriteFile(other, data, 0o700); err != nil {
		t.Fatal(err)
	}
	p := m.launch(other, []string{debug})
	p.awaitAnywhere(proved)
	p.await("^text 1 ")
	p.leave()
	p.expect(1, "^text ")
}

// What runs cannot be built as it was, since git refuses to say what state the repository is in, as it
// does in a container where somebody else owns that. The program is built without.
func TestFirstStartWhereGitRefuses(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no scripts")
	}
	m := newModule(t, "main.go", teller, "text.go", text)
	m.git("init", "-q")
	m.git("add", ".")
	m.git("commit", "-q", "-m", "one")
	exe := m.buildWith([]string{plain}, "-buildvcs=true")
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte("#!/bin/sh\necho dubious >&2\nexit 128\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := m.launch(exe, []string{plain, "PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH")})
	p.await("^text 1 ")
	p.await("^restarter: cannot tell whether the sources have changed: error obtaining VCS status: exit status 128; built in .*; restarting$")
	p.await("^text 1 ")
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
}

// The executable is a new file of the repository itself, so that the state of that differs from what is stamped.
func TestFirstStartOfAnExecutableInTheRepository(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	m.git("init", "-q")
	m.git("add", ".")
	m.git("commit", "-q", "-m", "one")
	m.goTool([]string{plain}, "build", "-buildvcs=true", "-o", m.path("app.exe"))
	p := m.launch(m.path("app.exe"), []string{plain, debug})
	p.await("^text 1 ")
	p.await(proved)
	p.leave()
	p.expect(0, anew)
}

// To compare what go run has started no package of the program is initialised: this one could not be elsewhere.
func TestFirstStartOfAProgramThatReadsItsDirectory(t *testing.T) {
	t.Parallel()
	m := newModule(t, "cmd/app/main.go", teller, "cmd/app/text.go", `package main

import "example.com/app/aaa"

func text() string { return "1" + aaa.Text }
`, "text.txt", "", "aaa/aaa.go", `package aaa

import "os"

var Text = read()

func read() string {
	data, err := os.ReadFile("text.txt")
	if err != nil {
		println("cannot read:", err.Error())
		os.Exit(2)
	}
	return string(data)
}
`)
	p := m.startAs([]string{debug}, "run", "./cmd/app")
	p.await("^text 1 ")
	p.await(proved)
	m.replace("cmd/app/text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
	p.expect(0, "cannot read")
}
