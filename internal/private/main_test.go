package private

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// programs are what this test binary can be started as, by the variable programVar. A lock
// belongs to a process, so another parent has to be another process.
var programs = map[string]func(){
	// parent makes a private directory, prints its name, and waits.
	"parent": func() {
		d := New(os.Args[1])
		fmt.Println(d.Path)
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			switch s.Text() {
			case "ensure":
				_, err := d.Folder()
				fmt.Println(err)
			case "remove":
				d.Remove()
				fmt.Println("removed")
			}
		}
	},
	// abandoned says whether a directory is.
}

const programVar = "PRIVATE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each of programs sleeps for a second
	os.Exit(m.Run())
}

// A process is one of programs.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Reader
}

func start(t *testing.T, program, dir string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(exe, dir)}
	p.cmd.Env = append(os.Environ(), programVar+"="+program)
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewReader(stdout)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	return p
}

// line returns the next line that the process prints.
func (p *process) line() string {
	p.t.Helper()
	line, err := p.lines.ReadString('\n')
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// do has the process do something and returns what it says.
func (p *process) do(what string) string {
	p.t.Helper()
	fmt.Fprintln(p.stdin, what)
	return p.line()
}

// end ends the process so that it leaves its directory behind.
func (p *process) end() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// parent starts another parent, and returns its directory.
func parent(t *testing.T, base string) (p *process, dir string) {
	t.Helper()
	p = start(t, "parent", base)
	return p, p.line()
}

// newDir makes a private directory in a new one.
func newDir(t *testing.T) (d *Dir, base string) {
	t.Helper()
	base = t.TempDir()
	d = New(base)
	check(t, d.Ensure())
	t.Cleanup(func() { d.lock.Close() })
	return d, base
}

// keep puts a file into a new folder of the directory.
func keep(t *testing.T, d *Dir) string {
	t.Helper()
	folder, err := d.Folder()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(folder, "app")
	save(t, name, "executable")
	if err := d.Keep(name); err != nil {
		t.Fatal(err)
	}
	return name
}

func save(t *testing.T, name, content string) {
	t.Helper()
	check(t, os.WriteFile(name, []byte(content), 0o700))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	check(t, err)
	for _, d := range list {
		names = append(names, d.Name())
	}
	return names
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
