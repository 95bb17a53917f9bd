package e2e

import (
	"bufio"
	"flag"
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

const programVar = "RESTARTER_TEST_PROGRAM"

// variable is the one that the library adds to the environment of a child, and reads.
const variable = "RESTARTER"

var used sync.Map // the programs that a test has started

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	flag.Parse()
	if testing.Short() {
		flag.Set("test.parallel", "8") // these tests wait more than they work
	} else if runtime.GOMAXPROCS(0) < 4 {
		flag.Set("test.parallel", "4")
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
	return !testing.Short() && !raceDetector && !slices.ContainsFunc(os.Args, func(arg string) bool {
		return strings.HasPrefix(arg, "-test.run") || strings.HasPrefix(arg, "-test.skip") ||
			strings.HasPrefix(arg, "-test.bench") || strings.HasPrefix(arg, "-test.list") || strings.HasPrefix(arg, "-test.fuzz=")
	})
}

// slow leaves a test out under -short, because it takes a second or more. It runs beside others.
func slow(t *testing.T) {
	t.Helper()
	t.Parallel()
	if testing.Short() {
		t.Skip("takes a second or more")
	}
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
	ended bool

	read int // how many lines await has gone past
	code chan int
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
	m, line := p.find(pattern, p.read)
	p.read = line + 1
	return m
}

// awaitAnywhere is await for a line that may come before or behind others.
func (p *process) awaitAnywhere(pattern string) []string {
	p.t.Helper()
	m, _ := p.find(pattern, 0)
	return m
}

// find waits for a line that matches, among those from a number on.
func (p *process) find(pattern string, from int) (m []string, line int) {
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
	for line = from; ; {
		for ; line < len(p.lines); line++ {
			if m := re.FindStringSubmatch(p.lines[line]); m != nil {
				return m, line
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

// drain waits for the last line.
func (p *process) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended {
		p.more.Wait()
	}
}

// expect checks how many lines match so far. A program that prints a line when it starts
// has not been restarted if there is one.
func (p *process) expect(n int, pattern string) {
	p.t.Helper()
	if got := p.count(pattern); got != n {
		p.t.Errorf("%d lines match %q, want %d, in:\n%s", got, pattern, n, strings.Join(p.output(), "\n"))
	}
}
