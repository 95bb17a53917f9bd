package gotool

import (
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lib537/restarter/internal/system"
)

// programs are what this test binary can be started as, by the variable programVar.
var programs = map[string]func(){}

const programVar = "GOTOOL_TEST_PROGRAM"

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each of programs sleeps for a second
	os.Exit(m.Run())
}

func executable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// environ is the environment of the tests, with some variables added or changed. What a person
// has set for all builds does not count.
func environ(more ...string) []string {
	return append(os.Environ(), append([]string{"GOENV=off", "GOFLAGS=", "GOWORK=off", "GOPROXY=off"}, more...)...)
}

// goCommand returns the go command, or skips the test.
func goCommand(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	return path
}

// A module is one that the go command builds in a test.
type module struct {
	*testing.T
	dir string
	env []string
}

// newModule writes a module "example.com/app" with the given files and contents.
func newModule(t *testing.T, files ...string) *module {
	t.Helper()
	if testing.Short() {
		t.Skip("with the go command")
	}
	goCommand(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := &module{t, dir, environ()}
	m.write("go.mod", "module example.com/app\n\ngo 1.21\n")
	for i := 0; i+1 < len(files); i += 2 {
		m.write(files[i], files[i+1])
	}
	return m
}

func (m *module) path(name string) string { return filepath.Join(m.dir, filepath.FromSlash(name)) }

func (m *module) write(name, content string) {
	m.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(m.path(name), []byte(content), 0o644); err != nil {
		m.Fatal(err)
	}
}

// replace edits a file.
func (m *module) replace(name, old, new string) {
	m.Helper()
	data, err := os.ReadFile(m.path(name))
	if err != nil {
		m.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		m.Fatalf("%s does not contain %q", name, old)
	}
	m.write(name, strings.Replace(string(data), old, new, 1))
}

// run runs a command in the module and returns what it prints.
func (m *module) run(env []string, name string, args ...string) string {
	m.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = m.dir, append(slices.Clip(m.env), append(env, "PWD="+m.dir)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// build builds the program, by "build" or "run" with more arguments, and returns the executable.
func (m *module) build(args ...string) (exe string) {
	m.Helper()
	exe = filepath.Join(m.TempDir(), "app"+suffix())
	if args[0] == "run" {
		args = append(append([]string{"run", "-exec", system.CopyCommand}, args[1:]...), exe)
		m.run(nil, "go", args...)
		return exe
	}
	m.run(nil, "go", append([]string{args[0], "-o", exe}, args[1:]...)...)
	return exe
}

func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// recipe derives the recipe of an executable, as the program itself does. mainFile is as
// the program sees it.
func (m *module) recipe(exe, mainFile string, goRun bool) *Recipe {
	m.Helper()
	info, err := buildinfo.ReadFile(exe)
	if err != nil {
		m.Fatal(err)
	}
	r := New(info, mainFile, goRun)
	r.Env = m.env
	if err := r.Resolve(context.Background(), exe, m.dir); err != nil {
		m.Fatal(err)
	}
	return r
}

// id returns the content ID of an executable of a recipe.
func (m *module) id(r *Recipe, exe string) string {
	m.Helper()
	id, err := r.ContentID(exe)
	if err != nil {
		m.Fatal(err)
	}
	return id
}

// makes has a recipe make an executable, by Make or by Reproduce with the content ID of what
// runs, and returns its content ID.
func (m *module) makes(r *Recipe, running string) string {
	m.Helper()
	said, out, err := m.tries(r, running)
	if err != nil {
		m.Fatalf("%v\n%s", err, said)
	}
	return m.id(r, out)
}

func (m *module) tries(r *Recipe, running string) (said, out string, err error) {
	m.Helper()
	out = filepath.Join(m.TempDir(), "out"+suffix())
	var text []byte
	if running == "" {
		text, err = r.Make(context.Background(), out, m.TempDir())
	} else {
		text, err = r.Reproduce(context.Background(), running, out, m.TempDir())
	}
	return string(text), out, err
}
