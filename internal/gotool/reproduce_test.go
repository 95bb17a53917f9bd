package gotool

import (
	"os/exec"
	"strings"
	"testing"
)

// with returns the module with another toolchain, or skips the test if that cannot be had. "" is the
// one that runs the test.
func (m *module) with(toolchain string) *module {
	m.Helper()
	if toolchain == "" {
		return m
	}
	m.set("GOTOOLCHAIN=" + toolchain)
	cmd := exec.Command("go", "version")
	cmd.Dir, cmd.Env = m.dir, m.env
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), toolchain) {
		m.Skipf("%s cannot be had: %v, %s", toolchain, err, out)
	}
	return m
}

const oldest = "go1.21.13"

// program is a module whose program is more than one package and has more than one way to be built.
var program = []string{
	"main.go", strings.Replace(hello, "print(", "sub.Tell(extra, version, ", 1) + "\nvar extra = \"\"\n",
	"extra.go", "//go:build extra\n\npackage main\n\nfunc init() { extra = \"extra\" }\n",
	"sub/sub.go", "package sub\n\n// Tell prints the last word.\nfunc Tell(words ...string) { print(words[len(words)-1]) }\n",
	"cmd/x/main.go", hello,
}

func newProgram(t *testing.T) *module {
	m := newModule(t, program...)
	m.replace("main.go", "import \"runtime\"", "import (\n\t\"runtime\"\n\n\t\"example.com/app/sub\"\n)")
	return m
}

// wantReproduced checks that a recipe reproduces the executable, and that it makes another one
// after an edit of the file.
func (m *module) wantReproduced(exe string, goRun bool, edit string) {
	m.Helper()
	r := m.recipe(exe, m.run(nil, exe), goRun)
	running := m.id(r, exe)
	if id := m.makes(r, running); id != running {
		m.Errorf("what runs has ID %s, what was reproduced %s", running, id)
	}
	made := m.makes(r, "")
	if same := made == running; r.Exact() && !same {
		m.Errorf("what runs has ID %s, what was made %s", running, made)
	}
	if edit == "" {
		return
	}
	m.replace(edit, "package", "// A comment.\npackage")
	m.replace(edit, "func ", "func init() { print() }\n\nfunc ")
	if id := m.makes(r, running); id == running {
		m.Error("an edit does not count")
	}
	if id := m.makes(r, ""); id == made {
		m.Error("an edit does not count for Make")
	}
}

func TestReproduce(t *testing.T) {
	tests := []struct {
		name string
		args string // separated by |
		edit string
		both bool // with the oldest toolchain, too
	}{
		{"plain", "build|.", "sub/sub.go", true},
		{"another package", "build|./cmd/x", "cmd/x/main.go", false},
		{"a file", "build|cmd/x/main.go", "cmd/x/main.go", false},
		{"several files", "build|-tags=extra|main.go|extra.go", "extra.go", true},
		{"stripped", "build|-ldflags=-s -w -X 'main.version=1 2'|.", "", false},
		{"with a build ID", "build|-ldflags=-buildid=mine|.", "sub/sub.go", false},
		{"tags", "build|-tags=extra,more|.", "", false},
		{"trimpath", "build|-trimpath|.", "", true},
		{"position-independent", "build|-buildmode=pie|.", "", false},
		{"compiler flags", "build|-gcflags=-N -l|.", "", false},
		{"go run", "run|.", "main.go", true},
		{"go run of another package", "run|./cmd/x", "", false},
		{"go run of a file", "run|cmd/x/main.go", "cmd/x/main.go", false},
		{"go run of several files", "run|-tags=extra|main.go|extra.go", "", true},
		{"go run with flags", "run|-ldflags=-X main.version=2|-gcflags=-N|.", "", false},
	}
	for _, toolchain := range []string{"", oldest} {
		for _, test := range tests {
			if toolchain != "" && !test.both {
				continue
			}
			toolchain, test := toolchain, test
			t.Run(strings.TrimSuffix(test.name+" "+toolchain, " "), func(t *testing.T) {
				m := newProgram(t).with(toolchain)
				args := strings.Split(test.args, "|")
				m.wantReproduced(m.build(args...), args[0] == "run", test.edit)
			})
		}
	}
}

// The executables of other systems are reproduced as well, from what is recorded in them: the modes that are the default
// there are not those of this system.
func TestReproduceForOtherSystems(t *testing.T) {
	for _, system := range []string{"darwin/arm64", "windows/amd64", "linux/amd64"} {
		t.Run(system, func(t *testing.T) {
			m := newModule(t, "main.go", "package main\n\nfunc main() { println(1) }\n")
			name, machine, _ := strings.Cut(system, "/")
			m.set("GOOS=" + name)
			m.set("GOARCH=" + machine)
			m.set("CGO_ENABLED=0")
			exe := m.build("build", ".")
			r := m.recipe(exe, m.path("main.go"), false)
			running := m.id(r, exe)
			if made, reproduced := m.makes(r, ""), m.makes(r, running); made != running || reproduced != running {
				t.Errorf("what runs has ID %s, what was made %s, what was reproduced %s", running, made, reproduced)
			}
		})
	}
}
