package gotool

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// git runs git in the module.
func (m *module) git(args ...string) {
	m.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		m.Skip("no git")
	}
	m.run([]string{"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_NOSYSTEM=1"}, "git",
		append([]string{"-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
}

// What runs has a stamp of its repository, which Make leaves out: the first edit would change it.
func TestReproduceWithStamp(t *testing.T) {
	for _, toolchain := range []string{"", oldest} {
		for _, state := range []string{"clean", "modified", "tagged", "without", "go run", "go run with a stamp"} {
			toolchain, state := toolchain, state
			t.Run(strings.TrimSuffix(state+" "+toolchain, " "), func(t *testing.T) {
				m := newProgram(t).with(toolchain)
				m.git("init", "-q")
				m.git("add", ".")
				m.git("commit", "-q", "-m", "x")
				args := []string{"build", "."}
				switch state {
				case "modified":
					m.replace("main.go", "\"1\"", "\"2\"")
				case "tagged":
					m.git("tag", "v1.2.3")
				case "without":
					args = []string{"build", "-buildvcs=false", "."}
				case "go run":
					args = []string{"run", "."}
				case "go run with a stamp":
					args = []string{"run", "-buildvcs=true", "."}
				}
				exe := m.build(args...)
				info := m.run(nil, "go", "version", "-m", exe)
				stamped := strings.Contains(info, "vcs.revision=")
				if want := state != "without" && state != "go run"; stamped != want {
					t.Fatalf("with a stamp: %t\n%s", stamped, info)
				}
				r := m.recipe(exe, m.run(nil, exe), args[0] == "run")
				running, plain := m.id(r, exe), m.makes(r, "")
				m.wantReproduced(exe, args[0] == "run", "")
				if exact := state == "without"; r.Exact() != exact || (plain == running) != exact {
					t.Errorf("Exact is %t; what Make makes is the same: %t", r.Exact(), plain == running)
				}
				if state == "clean" || state == "tagged" {
					m.write("app", "the executable, it may be")
					if id := m.makes(r, running); id != running {
						t.Error("a file that was added changes what is reproduced")
					}
				}
				// A file that is no source changes the stamp, and nothing that Make makes.
				m.write("README", "x")
				if id := m.makes(r, ""); id != plain {
					t.Error("Make stamps what it makes")
				}
			})
		}
	}
}
