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

// root is the directory of the module that is tested.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = above
	}
}

// A module is one that the go command builds in an end-to-end test. It requires this
// module, by a replace directive.
type module struct {
	t   testing.TB
	dir string
}

// newModule writes a module "example.com/app" with the given files and contents.
func newModule(t testing.TB, files ...string) *module {
	t.Helper()
	if raceDetector {
		t.Skip("the go command builds the program without the race detector: nothing would be detected")
	}
	if _, ok := t.(*testing.T); ok && testing.Short() {
		t.Skip("end to end, with the go command")
	}
	m := &module{t: t, dir: t.TempDir()}
	m.write("go.mod", "module example.com/app\n\ngo 1.21\n\n"+
		"require github.com/lib537/restarter v0.0.0\n\nreplace github.com/lib537/restarter => "+root(t)+"\n")
	for i := 0; i+1 < len(files); i += 2 {
		m.write(files[i], files[i+1])
	}
	return m
}

func (m *module) path(name string) string { return filepath.Join(m.dir, filepath.FromSlash(name)) }

// write saves a file as an editor does: in place.
func (m *module) write(name, content string) {
	m.t.Helper()
	if err := os.MkdirAll(filepath.Dir(m.path(name)), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(m.path(name), []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// replace edits a file in place.
func (m *module) replace(name, old, new string) {
	m.t.Helper()
	m.write(name, m.replaced(name, old, new))
}

func (m *module) replaced(name, old, new string) (content string) {
	m.t.Helper()
	data, err := os.ReadFile(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		m.t.Fatalf("%s does not contain %q", name, old)
	}
	return strings.Replace(string(data), old, new, 1)
}

// put saves a file as other editors do, in one step, so that nobody sees it half done. A test that counts
// what was seen needs it.
func (m *module) put(name, content string) {
	m.t.Helper()
	m.write("new.tmp", content)
	if err := os.Rename(m.path("new.tmp"), m.path(name)); err != nil {
		m.t.Fatal(err)
	}
}

// edit is replace in one step.
func (m *module) edit(name, old, new string) {
	m.t.Helper()
	m.put(name, m.replaced(name, old, new))
}

// plain has the go command build as it does by itself.
const plain = "GOFLAGS=-mod=mod"

// tool prepares a go command in the directory of the module. In a test it links without debug information,
// which takes a third less.
func (m *module) tool(args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = m.dir
	cmd.Env = append(environ("GOFLAGS"), "GOPROXY=off", plain, "GOWORK=off")
	if _, ok := m.t.(*testing.T); ok {
		cmd.Env = append(cmd.Env, plain+" -ldflags=-w")
	}
	return cmd
}

// goTool runs a go command in the directory of the module, with more environment.
func (m *module) goTool(env []string, args ...string) {
	m.t.Helper()
	cmd := m.tool(args...)
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("go %v: %v\n%s", args, err, out)
	}
}

// build builds the program, with flags of go build, and returns the executable, which lies
// outside the module.
func (m *module) build(flags ...string) string {
	m.t.Helper()
	return m.buildWith(nil, flags...)
}

// buildWith is build with more environment.
func (m *module) buildWith(env []string, flags ...string) string {
	m.t.Helper()
	exe := filepath.Join(m.t.TempDir(), "app")
	if runtime.GOOS == "windows" {
		exe += ".exe"
	}
	m.goTool(env, append([]string{"build", "-o", exe}, flags...)...)
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

// start builds and starts the program, in the directory of the module.
func (m *module) start(args ...string) *process {
	m.t.Helper()
	return m.launch(m.build(), nil, args...)
}

// startAs builds and starts the program with a go command, "build" or "run" and what follows, and with no
// other flags.
func (m *module) startAs(env []string, args ...string) *process {
	m.t.Helper()
	env = append([]string{plain}, env...)
	if args[0] == "run" {
		cmd := m.tool(args...)
		cmd.Env = append(cmd.Env, env...)
		return start(m.t, cmd)
	}
	exe := filepath.Join(m.t.TempDir(), "tmp") // a name that may be in the way
	if runtime.GOOS == "windows" {
		exe += ".exe"
	}
	m.goTool(env, append([]string{"build", "-o", exe}, args[1:]...)...)
	return m.launch(exe, env)
}

// startWatched is start, and waits until the sources are watched and known to build what runs. An edit
// from then on is said to be seen.
func (m *module) startWatched(args ...string) *process {
	m.t.Helper()
	p := m.launch(m.build(), []string{debug}, args...)
	p.awaitAnywhere(proved)
	return p
}

// touch gives a file another time.
func (m *module) touch(name string, at time.Time) {
	m.t.Helper()
	if err := os.Chtimes(m.path(name), at, at); err != nil {
		m.t.Fatal(err)
	}
}

func (m *module) remove(name string) {
	m.t.Helper()
	if err := os.RemoveAll(m.path(name)); err != nil {
		m.t.Fatal(err)
	}
}

// swap replaces a file in one step, so that nobody sees it half done, by one of another
// content and the given time.
func (m *module) swap(name, content string, at time.Time) {
	m.t.Helper()
	m.write("new.tmp", content)
	m.touch("new.tmp", at)
	if err := os.Rename(m.path("new.tmp"), m.path(name)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *module) modTime(name string) time.Time {
	m.t.Helper()
	info, err := os.Stat(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	return info.ModTime()
}

// git runs a git command in the directory of the module.
func (m *module) git(args ...string) {
	m.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com",
		"-c", "core.autocrlf=false", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Dir = m.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
