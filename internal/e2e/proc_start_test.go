package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
)

// ownCopy runs a copy of this test binary, in a directory of its own, with more environment.
func ownCopy(t *testing.T, env []string, program string, args ...string) (exe string, p *process) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a running executable cannot be removed")
	}
	cmd := command(t, program, args...)
	cmd.Env = append(cmd.Env, env...)
	exe = filepath.Join(t.TempDir(), "app")
	copyProgram(t, exe, 0)
	cmd.Path, cmd.Args[0] = exe, exe
	return exe, start(t, cmd)
}

// The executable is gone, and a child is to be launched: what ran last runs again. That is a copy which
// the parent has kept, or on Linux, if that is gone too, one that it makes.
func TestExecutableIsGone(t *testing.T) {
	slow(t)
	for _, copy := range []string{"kept", "gone"} {
		t.Run(copy, func(t *testing.T) {
			if copy == "gone" && runtime.GOOS != "linux" {
				t.Skip("the executable of a process cannot be read any more")
			}
			file := tempFile(t)
			exe, p := ownCopy(t, nil, "talk", "-track="+file)
			p.child()
			if err := os.Remove(exe); err != nil {
				t.Fatal(err)
			}
			if copy == "gone" {
				if err := os.RemoveAll(p.private()); err != nil {
					t.Fatal(err)
				}
			}
			p.do("exit 75")
			p.await("^restarter: cannot start the new program: .*app: no such file or directory; the last one runs again$")
			p.child()
			// What runs is that copy now, as often as you like.
			save(t, file, "changed")
			p.await("^told: .*file$")
			p.child()
			p.do("exit 4")
			p.wantExit(4)
			p.expect(1, "cannot start")
		})
	}
}

// Without a place for a copy, the file that the parent runs is started, which nobody can take away.
func TestExecutableIsGoneWithoutACopy(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the executable of a process cannot be started any more")
	}
	exe, p := ownCopy(t, []string{"TMPDIR=" + filepath.Join(t.TempDir(), "missing")}, "talk")
	p.child()
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 3; i++ {
		p.do("exit 75")
		p.child()
	}
	p.do("exit 4")
	p.wantExit(4)
	p.expect(1, "cannot start")
}

// Nor does it help if that may not be executed any more.
func TestNoChildCanBeStarted(t *testing.T) {
	exe, p := ownCopy(t, []string{"TMPDIR=" + filepath.Join(t.TempDir(), "missing")}, "talk")
	p.child()
	if err := os.Chmod(exe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	p.do("exit 75")
	p.await("^restarter: cannot start the program: ")
	p.wantExit(1)
	p.expect(1, "^restarter: cannot start")
}

// Where no directory can be made and nothing can be built, the program runs, says one line, and is restarted for what it reads.
func TestNoPrivateDirectoryCanBeMade(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"TMPDIR", "GOTMPDIR"} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && name == "TMPDIR" {
				name = "TMP"
			}
			file := tempFile(t)
			cmd := command(t, "talk", "-track="+file)
			cmd.Env = append(cmd.Env, name+"="+filepath.Join(t.TempDir(), "missing"))
			p := start(t, cmd)
			message := "^restarter: cannot rebuild: no go command in PATH; watching only the executable$"
			p.child()
			p.awaitAnywhere(message)
			save(t, file, "changed")
			p.await("^told: .*file$")
			p.child()
			p.do("exit 75")
			p.child()
			p.do("exit 0")
			p.wantExit(0)
			p.expect(1, message)
			p.expect(2, "^restarter: ") // the other is about the file
		})
	}
}

func init() {
	// A program that goes to the directory of its data before anything else.
	programs["moves"] = func() {
		if err := os.Chdir("data"); err != nil {
			panic(err)
		}
		talk()
	}
}

// A relative name of the temporary directory counts from where the program was started.
func TestRelativeTemporaryDirectory(t *testing.T) {
	for _, names := range [][]string{{"TMPDIR", "TMP", "TEMP"}, {"GOTMPDIR"}} {
		t.Run(names[0], func(t *testing.T) {
			dir := t.TempDir()
			cmd := command(t, "moves")
			cmd.Dir = dir
			for _, name := range names {
				cmd.Env = append(cmd.Env, name+"=tmp")
			}
			for _, name := range []string{"data", "tmp"} {
				if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			p := start(t, cmd)
			p.child()
			if made := entries(t, filepath.Join(dir, "tmp")); len(made) != 1 {
				t.Errorf("there are %v, want one private directory", made)
			}
			p.do("exit 75")
			p.child()
			p.do("exit 0")
			p.wantExit(0)
			if left := entries(t, filepath.Join(dir, "tmp")); len(left) != 0 {
				t.Errorf("left in the temporary directory: %v", left)
			}
		})
	}
}

// restarts is how many restarts in a row must leave nothing behind.
func restarts() int {
	if testing.Short() {
		return 12
	}
	return 60
}

// held4 is what held has told.
var held4 = regexp.MustCompile(`^child .* descriptors (\d+) children (\d+) private (\d+) temporary (\d+)$`)

// The children find what the parent holds. A child may look while the parent is about to close
// the descriptors that started it, so a few are no sign of a leak.
func TestRestartsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	const few = 5
	file := tempFile(t)
	p := start(t, command(t, "talk", "-track="+file))
	look := func() (n [4]int) {
		lines := p.output()
		for i := len(lines) - 1; i >= 0; i-- {
			if m := held4.FindStringSubmatch(lines[i]); m != nil {
				for j := range n {
					n[j], _ = strconv.Atoi(m[j+1])
				}
				break
			}
		}
		return n
	}
	p.child()
	first := look()
	for i := 1; i < restarts(); i++ {
		p.do("exit 75")
		p.childSoon(file)
		for j, now := range look() {
			if now > first[j]+few {
				t.Fatalf("child %d found %d, the first %d", i+1, look(), first)
			}
		}
	}
	p.do("exit 0")
	p.wantExit(0)
	// The runtime has one for signals, and one that is about to end may still be there.
	m := p.await(`^parent leaves with 0 goroutines (\d+) `)
	if n, _ := strconv.Atoi(m[1]); n > 5 {
		t.Errorf("%d goroutines when LaunchChild has returned", n)
	}
}
