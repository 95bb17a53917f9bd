package restarter

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// programs are what this test binary can be started as, by the variable programVar. A file
// of tests registers those that it needs in an init function.
var programs = map[string]func(){}

var raceDetector bool // whether it is on

const programVar = "RESTARTER_TEST_PROGRAM"

var used sync.Map // the programs that a test has started

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Setenv("GOFLAGS", "") // the end-to-end tests say what they need
	os.Setenv("GOWORK", "off")
	code := m.Run()
	if code == 0 && complete() {
		for name := range programs {
			if _, ok := used.Load(name); !ok {
				fmt.Fprintf(os.Stderr, "no test starts the program %q\n", name)
				code = 1
			}
		}
	}
	os.Exit(code)
}

// complete reports whether this run was to run all tests.
func complete() bool {
	return !testing.Short() && !slices.ContainsFunc(os.Args, func(arg string) bool {
		return strings.HasPrefix(arg, "-test.run") || strings.HasPrefix(arg, "-test.skip") ||
			strings.HasPrefix(arg, "-test.bench") || strings.HasPrefix(arg, "-test.list") || strings.HasPrefix(arg, "-test.fuzz=")
	})
}

// A process is a program under test. What it and its children print, on standard output and
// on standard error, are lines.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	tmp   string // its temporary directory

	mu    sync.Mutex
	more  *sync.Cond
	lines []string
	read  int // how many of them await has gone past
	ended bool
	code  chan int
}

// command prepares this test binary as one of programs. There is no go command in its PATH.
func command(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	if programs[program] == nil {
		t.Fatalf("no program %q", program)
	}
	used.Store(program, true)
	cmd := exec.Command(executable(t), args...)
	cmd.Env = append(environ("PATH"), "PATH="+t.TempDir(), programVar+"="+program, "GORACE=atexit_sleep_ms=0")
	return cmd
}

func executable(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// environ is the environment of the tests, without some variables.
func environ(without ...string) (env []string) {
	without = append(without, variable, programVar, "TMPDIR", "TEMP", "TMP", "GOTMPDIR")
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(without, name) {
			env = append(env, v)
		}
	}
	return env
}

// start starts a command with a temporary directory of its own, which has to be empty when
// the test ends. A test that ends the process in a way that leaves something behind says so by
// emptying it.
func start(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, tmp: filepath.Join(t.TempDir(), "tmp"), code: make(chan int, 1)}
	p.more = sync.NewCond(&p.mu)
	if err := os.Mkdir(p.tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	if cmd.Env == nil {
		cmd.Env = environ()
	}
	// In front, so that a test can set another one.
	cmd.Env = append([]string{"TMPDIR=" + p.tmp, "TEMP=" + p.tmp, "TMP=" + p.tmp}, cmd.Env...)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if cmd.Stdin == nil {
		if p.stdin, err = cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		s := bufio.NewScanner(r)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			p.more.Broadcast()
			p.mu.Unlock()
		}
		p.mu.Lock()
		p.ended = true // of the process and of all that have its standard output
		p.more.Broadcast()
		p.mu.Unlock()
	}()
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		cmd.Wait()
		p.code <- exitCode(cmd.ProcessState)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-waited
		<-drained // no process of the family is left
		r.Close()
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), strings.Join(p.output(), "\n"))
			return
		}
		if left, _ := os.ReadDir(p.tmp); len(left) > 0 && runtime.GOOS != "windows" {
			t.Errorf("left in the temporary directory: %v", left)
		}
	})
	return p
}

func (p *process) output() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// await waits for a line that matches, behind those that were awaited before, and returns
// its submatches. It gives up when the output ends, or shortly before the test's deadline.
func (p *process) await(pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	limit := deadline(p.t)
	timer := time.AfterFunc(time.Until(limit), func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.more.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for from := p.read; ; {
		for ; p.read < len(p.lines); p.read++ {
			if m := re.FindStringSubmatch(p.lines[p.read]); m != nil {
				p.read++
				return m
			}
		}
		if p.ended || time.Now().After(limit) {
			p.t.Fatalf("no line matches %q in:\n%s", pattern, strings.Join(p.lines[from:], "\n"))
		}
		p.more.Wait()
	}
}

// deadline returns shortly before the deadline of a test; a benchmark has none.
func deadline(t testing.TB) time.Time {
	if t, ok := t.(*testing.T); ok {
		if d, ok := t.Deadline(); ok {
			return d.Add(-10 * time.Second)
		}
	}
	return time.Now().Add(time.Minute)
}

// count returns how many lines match so far.
func (p *process) count(pattern string) (n int) {
	re := regexp.MustCompile(pattern)
	for _, line := range p.output() {
		if re.MatchString(line) {
			n++
		}
	}
	return n
}

// exit waits for the process to end, and returns its exit code.
func (p *process) exit() int {
	p.t.Helper()
	code := <-p.code
	p.code <- code
	return code
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
	if testing.Short() {
		t.Skip("end to end, with the go command")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	m := &module{t: t, dir: t.TempDir()}
	m.write("go.mod", "module example.com/app\n\ngo 1.21\n\n"+
		"require github.com/lib537/restarter v0.0.0\n\nreplace github.com/lib537/restarter => "+here+"\n")
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

// replace edits a file.
func (m *module) replace(name, old, new string) {
	m.t.Helper()
	data, err := os.ReadFile(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		m.t.Fatalf("%s does not contain %q", name, old)
	}
	m.write(name, strings.Replace(string(data), old, new, 1))
}

// tool prepares a go command in the directory of the module.
func (m *module) tool(args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = m.dir
	cmd.Env = append(environ("GOFLAGS"), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off")
	return cmd
}

// build builds the program, with flags of go build, and returns the executable, which lies
// outside the module.
func (m *module) build(flags ...string) string {
	m.t.Helper()
	exe := filepath.Join(m.t.TempDir(), "app")
	if runtime.GOOS == "windows" {
		exe += ".exe"
	}
	out, err := m.tool(append([]string{"build", "-o", exe}, flags...)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("go build: %v\n%s", err, out)
	}
	return exe
}

// start builds and starts the program, in the directory of the module.
func (m *module) start(args ...string) *process {
	m.t.Helper()
	cmd := exec.Command(m.build(), args...)
	cmd.Dir = m.dir
	cmd.Env = m.tool().Env
	return start(m.t, cmd)
}
