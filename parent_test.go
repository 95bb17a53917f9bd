package restarter

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func init() {
	programs["talk"] = talk
	programs["reader"] = func() {
		if l := (Launcher{WaitOnFailure: true}); IsParent() {
			os.Exit(l.LaunchChild())
		}
		Track(os.Args[1])
		switch content, _ := os.ReadFile(os.Args[1]); string(content) {
		case "good":
			fmt.Println("good")
			os.Exit(0)
		case "mended":
			os.WriteFile(os.Args[1], []byte("good"), 0o644) // as somebody else might just now
		}
		os.Exit(3)
	}
	programs["writer"] = func() {
		if l := (Launcher{WaitOnFailure: true}); IsParent() {
			os.Exit(l.LaunchChild())
		}
		Track(os.Args[1])
		fmt.Println("child")
		os.WriteFile(os.Args[1], []byte(time.Now().String()), 0o644)
		code, _ := strconv.Atoi(os.Args[2])
		os.Exit(code)
	}
	programs["generator"] = func() {
		if IsParent() {
			os.Exit(LaunchChild())
		}
		os.WriteFile(os.Args[1], []byte(time.Now().String()), 0o644)
		Track(os.Args[1:]...)
		fmt.Println("child")
		ctx, stop := NotifyContext(context.Background())
		defer stop()
		<-ctx.Done()
		os.Exit(ExitCode)
	}
	programs["alone"] = func() {
		fmt.Println("parent", IsParent(), "child", IsChild())
		LaunchChild()
	}
}

// talk is a program that does what it reads, a line at a time:
//
//	exit N     leaves with the code N
//	signal N   has the signal N sent to itself
//	panic      panics
//	write F    saves the file F
//	echo X     prints X
//	watch      says when the watcher has taken what -track names
//	leave      cleans up and exits with ExitCode
//
// Its arguments are settings of the Launcher and what the child does when it is told.
func talk() {
	var l Launcher
	var build string
	flags := flag.NewFlagSet("talk", flag.ExitOnError)
	flags.StringVar(&build, "build", "", "a command of the shell")
	flags.StringVar(&l.Dir, "dir", "", "")
	flags.DurationVar(&l.Grace, "grace", 0, "")
	flags.BoolVar(&l.WaitOnFailure, "wait", false, "")
	flags.BoolVar(&l.Quiet, "quiet", false, "")
	flags.DurationVar(&settled, "settled", settled, "")
	file := flags.String("track", "", "a file to watch")
	catches := flags.Bool("catch", false, "the child cleans up after a signal and leaves with 7")
	stays := flags.Bool("stay", false, "the child says what it is told, and stays")
	dies := flags.Bool("die", false, "the child leaves with ExitCode at once")
	flags.Parse(os.Args[1:])
	if build != "" {
		l.Build = []string{"/bin/sh", "-c", build}
	}
	if *file != "" {
		Track(*file)
	}
	if IsParent() {
		start := time.Now()
		code := l.LaunchChild()
		fmt.Println("parent leaves", spent(time.Since(start)))
		os.Exit(code)
	}

	signals := make(chan os.Signal, 16)
	if *catches {
		listenFor(signals)
	}
	id := os.Getenv("RESTARTER_TEST_VERSION")
	exe, _ := os.Executable()
	if program, err := contentID(exe); err == nil && id == "" {
		program, _, _ = strings.Cut(program, ":")
		id = program[len(program)-1:]
	}
	fmt.Println("child", os.Getpid(), "of", os.Getppid(), "version", id, "private", me.dir, held())
	if *dies {
		os.Exit(ExitCode)
	}
	cleanUp := func() { fmt.Println("cleaned up", os.Getpid()) }
	told, forget := NotifyContext(context.Background())
	defer forget()
	turned := told.Done()
	lines := make(chan string)
	go func() {
		for {
			line, err := readLine(os.Stdin)
			if err != nil {
				return
			}
			lines <- line
		}
	}()
	for {
		select {
		case sig := <-signals:
			fmt.Println("got", sig)
			if !*stays {
				cleanUp()
				os.Exit(7)
			}
		case <-turned:
			turned = nil
			fmt.Println("told:", context.Cause(told))
			if !*stays {
				cleanUp()
				os.Exit(ExitCode)
			}
		case line := <-lines:
			verb, rest, _ := strings.Cut(line, " ")
			n, _ := strconv.Atoi(rest)
			switch verb {
			case "exit":
				os.Exit(n)
			case "leave":
				cleanUp()
				os.Exit(ExitCode)
			case "signal":
				signal.Reset(signalOf(n))
				self, _ := os.FindProcess(os.Getpid())
				self.Signal(signalOf(n))
			case "panic":
				panic("as told")
			case "write":
				if err := os.WriteFile(rest, []byte(time.Now().String()), 0o644); err != nil {
					panic(err)
				}
			case "echo":
				fmt.Println(rest)
			case "watch":
				for watches := false; !watches; time.Sleep(time.Millisecond) {
					track.Lock()
					watches = track.Files == nil
					track.Unlock()
				}
				fmt.Println("watches")
			}
		}
	}
}

// readLine reads not one byte more than a line: the rest is for the next child.
func readLine(f *os.File) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := f.Read(b)
		switch {
		case n == 0:
			return "", err
		case b[0] == '\n':
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
}

// held is what a child finds: how many descriptors and children its parent has, and how many
// entries there are in the private directory and its temporary directory.
func held() string {
	count := func(dir string) int {
		list, _ := os.ReadDir(dir)
		return len(list)
	}
	return fmt.Sprintf("descriptors %d children %d private %d temporary %d", count(fmt.Sprintf("/proc/%d/fd", os.Getppid())),
		len(childrenOf(os.Getppid())), count(me.dir), count(os.TempDir()))
}

// childrenOf finds the children of a process, dead ones that nobody has waited for too,
// where there is a /proc.
func childrenOf(pid int) (children []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		data, _ := os.ReadFile(name)
		id, rest, _ := strings.Cut(string(data), " (")
		if end := strings.LastIndex(rest, ") "); end >= 0 {
			if f := strings.Fields(rest[end+2:]); len(f) > 1 && f[1] == strconv.Itoa(pid) {
				n, _ := strconv.Atoi(id)
				children = append(children, n)
			}
		}
	}
	return children
}

// spent is what the parent says in the end.
func spent(lived time.Duration) string {
	return fmt.Sprintf("goroutines %d lived %d children's processor time %d",
		runtime.NumGoroutine(), lived.Microseconds(), childrenTime().Microseconds())
}

// do has the child do something.
func (p *process) do(line string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.stdin, line); err != nil {
		p.t.Fatal(err)
	}
}

// child waits for the line that a child of talk prints, and returns its process id.
func (p *process) child() int {
	p.t.Helper()
	pid, _ := strconv.Atoi(p.await(`^child (\d+) `)[1])
	return pid
}

// watched waits for a child, and for the line which says that there is no go command, in any
// order: by then it watches. It returns its process id and its mark.
func (p *process) watched() (pid int, mark string) {
	p.t.Helper()
	for said := false; pid == 0 || !said; {
		m := p.await(`^child (\d+) of \d+ version (\S+) |no go command in PATH`)
		if m[1] == "" {
			said = true
			continue
		}
		pid, _ = strconv.Atoi(m[1])
		mark = m[2]
	}
	return pid, mark
}

// over waits until no process has the standard output any more.
func (p *process) over() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended {
		p.more.Wait()
	}
}

// wantExit fails the test if the exit code is another.
func (p *process) wantExit(want int) {
	p.t.Helper()
	if code := p.exit(); code != want {
		p.t.Errorf("exit code %d, want %d", code, want)
	}
	p.over()
}

// wantCount fails the test if another number of lines match. It is for the end of a process.
func (p *process) wantCount(want int, pattern string) {
	p.t.Helper()
	if n := p.count(pattern); n != want {
		p.t.Errorf("%d lines match %q, want %d", n, pattern, want)
	}
}

// file makes a file in a directory of its own.
func tempFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	save(t, name, "1")
	return name
}

func save(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestExitCodeIsTheChilds(t *testing.T) {
	for order, want := range map[string]int{"exit 0": 0, "exit 1": 1, "exit 74": 74, "exit 255": 255, "panic": 2} {
		order, want := order, want
		t.Run(order, func(t *testing.T) {
			p := start(t, command(t, "talk"))
			p.child()
			p.do(order)
			p.wantExit(want)
			p.wantCount(1, "^child ")
			p.wantCount(0, "^restarter: the program")
		})
	}
}

func TestExitCode75LaunchesAgain(t *testing.T) {
	p := start(t, command(t, "talk"))
	first := p.child()
	p.do("exit 75")
	if second := p.child(); second == first {
		t.Errorf("the same process %d again", first)
	}
	p.do("exit 4")
	p.wantExit(4)
	p.wantCount(0, "^restarter: the program")
}

func TestLaunchChildPanicsInTheChild(t *testing.T) {
	p := start(t, command(t, "alone"))
	p.await("^parent true child false$")
	p.await("^parent false child true$")
	p.await("^panic: .*LaunchChild called in the child")
	p.wantExit(0) // the program drops the code
}

func TestLaunchChildPanicsUnderOff(t *testing.T) {
	cmd := command(t, "alone")
	cmd.Env = append(cmd.Env, variable+"=off")
	p := start(t, cmd)
	p.await("^parent false child false$")
	p.await("^panic: .*RESTARTER=off")
	p.wantExit(2)
}

func TestGraceEndsAChildThatStays(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-grace=1s", "-stay", "-track="+file))
	p.child()
	save(t, file, "changed")
	p.await("^told: .*file")
	p.await("^restarter: the program did not leave within 1s; ended$")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.wantCount(1, "did not leave")
}

func TestGraceDoesNotEndAChildThatLeaves(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-grace=1m", "-track="+file))
	first := p.child()
	save(t, file, "changed")
	p.await("^told: ")
	p.await(fmt.Sprintf("^cleaned up %d$", first))
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.wantCount(0, "did not leave")
}

func TestWaitOnFailure(t *testing.T) {
	for order, code := range map[string]int{"exit 3": 3, "panic": 2} {
		order, code := order, code
		t.Run(order, func(t *testing.T) {
			file := tempFile(t)
			p := start(t, command(t, "talk", "-wait", "-track="+file))
			p.child()
			p.do(order)
			p.await(fmt.Sprintf("^restarter: the program failed with exit code %d; waiting for a change$", code))
			save(t, file, "changed")
			p.child()
			p.do("exit 0")
			p.wantExit(0)
			p.wantCount(2, "^child ")
			p.wantCount(1, "^restarter: the program")
		})
	}
}

// A program that fails before it has said what it tracks is mended by an edit all the same:
// the parent has been told by Track too.
func TestWaitOnFailureOfAProgramThatAlwaysFails(t *testing.T) {
	m := newModule(t, "main.go", `package main

import (
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

var fails = []string{}

func main() {
	if restarter.IsParent() {
		l := restarter.Launcher{WaitOnFailure: true}
		os.Exit(l.LaunchChild())
	}
	fmt.Println("child")
	fmt.Println("value", fails[0])
}
`)
	p := m.start()
	p.await("^panic: ")
	p.await("^restarter: the program failed with exit code 2; waiting for a change$")
	m.replace("main.go", "{}", "{")
	p.await("^restarter: main.go changed; building$")
	p.await(`^\./main.go:\d+:\d+: syntax error`)
	p.await("^restarter: build failed; waiting for a change$")
	m.replace("main.go", "{\n", "{\"is mended\"}\n")
	p.await("^value is mended$")
	p.wantExit(0)
}

func TestLeavingWith0IsNotARestart(t *testing.T) {
	m := newModule(t, "main.go", strings.Replace(report, "restarter.ExitCode", "0", 1))
	p := m.start()
	p.await("^version 1 ")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^restarter: the program left with exit code 0, not 75, so its successor is not launched$")
	p.wantExit(0)
	p.wantCount(1, "^version ")
	p.wantCount(1, "successor")
}

func TestNoChildCanBeStarted(t *testing.T) {
	cmd := command(t, "talk")
	cmd.Path = filepath.Join(t.TempDir(), filepath.Base(cmd.Path))
	copyProgram(t, cmd.Path, 0)
	if runtime.GOOS == "windows" {
		t.Skip("a running executable cannot be removed")
	}
	p := start(t, cmd)
	p.child()
	if err := os.Remove(cmd.Path); err != nil {
		t.Fatal(err)
	}
	p.do("exit 75")
	p.await("^restarter: cannot start the program: ")
	p.wantExit(1)
	p.wantCount(1, "^restarter: cannot start")
}

func TestNoPrivateDirectoryCanBeMade(t *testing.T) {
	for _, name := range []string{"TMPDIR", "GOTMPDIR"} {
		name := name
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && name == "TMPDIR" {
				name = "TMP"
			}
			missing := filepath.Join(t.TempDir(), "missing")
			cmd := command(t, "talk")
			cmd.Env = append(cmd.Env, name+"="+missing)
			p := start(t, cmd)
			p.await("^restarter: cannot launch: .*missing.*; GOTMPDIR or TMPDIR can name another place$")
			p.wantExit(1)
			p.wantCount(0, "^child")
		})
	}
}

func TestQuiet(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-quiet", "-wait", "-track="+file))
	p.child()
	p.do("exit 3")
	// Nothing tells that the parent waits now, so the change may come first: no matter.
	save(t, file, "changed")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.wantCount(0, "^restarter: ")
}

// A program that fails for what it reads is launched again when that changes, though it has left
// before anything was watched.
func TestTrackedByAProgramThatFailsAtOnce(t *testing.T) {
	for _, content := range []string{"bad", "mended", ""} {
		t.Run(content, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config")
			if content != "" {
				save(t, file, content)
			}
			p := start(t, command(t, "reader", file))
			if content != "mended" {
				p.await("^restarter: the program failed with exit code 3; waiting for a change$")
				save(t, file, "good")
			}
			p.await("^good$")
			p.wantExit(0)
		})
	}
}

// wantPause waits for the message about a pause and for a line that comes after it, which is too
// early in half the time.
func (p *process) wantPause(after string) {
	p.t.Helper()
	m := p.await(`^restarter: the program left with \d+ at once; launching it again in (\S+)$`)
	said := time.Now()
	p.await(after)
	if pause, err := time.ParseDuration(m[1]); err != nil || time.Since(said) < pause/2 {
		p.t.Errorf("launched again after %v instead of %v", time.Since(said), m[1])
	}
}

// A program that writes to what it tracks, and leaves at once, is not launched without a pause.
func TestBackOffOfAProgramThatWritesWhatItTracks(t *testing.T) {
	for _, code := range []string{"3", "75"} {
		t.Run(code, func(t *testing.T) {
			cmd := command(t, "writer", tempFile(t), code)
			p := start(t, cmd)
			p.wantPause("^child$")
			stop(t, cmd.Process.Pid)
			p.exit()
			if n := p.count("^child$"); n > 9 { // 25 ms, 50 ms … 1.6 s
				t.Errorf("%d launches before a pause of a second", n)
			}
		})
	}
}

// Nor is one that writes a source file, which makes the same program.
func TestBackOffOfAProgramThatWritesItsSource(t *testing.T) {
	for _, code := range []string{"3", "75"} {
		code := code
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "gen.go", "package main\n", "main.go", `package main

import (
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if l := (restarter.Launcher{WaitOnFailure: true}); restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	fmt.Println("child")
	os.WriteFile("gen.go", []byte("package main\n"), 0o644)
	os.Exit(`+code+`)
}
`)
			p := m.start()
			p.wantPause("^child$")
			m.replace("main.go", "os.Exit("+code+")", "println(`mended`)")
			p.await("^mended$")
			p.wantExit(0)
		})
	}
}

// Who mends what a program reads, again and again, waits for no pause.
func TestQuickMends(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "reader", file))
	for i := 0; i < 8; i++ {
		p.await("^restarter: the program failed with exit code 3; waiting for a change$")
		save(t, file, "bad "+itoa(i))
	}
	p.await("waiting for a change$")
	save(t, file, "good")
	p.await("^good$")
	p.wantExit(0)
	p.wantCount(0, "at once")
}

// A program that writes a file, then names it to Track, is not restarted for that.
func TestGeneratedAndTracked(t *testing.T) {
	generated, file := filepath.Join(t.TempDir(), "generated"), tempFile(t)
	cmd := command(t, "generator", generated, file)
	p := start(t, cmd)
	p.await("^child$")
	for i := 0; i < 3; i++ {
		save(t, file, itoa(i))
		p.await("file changed; restarting$")
		p.await("^child$")
	}
	save(t, generated, "edited")
	p.await("generated changed; restarting$")
	p.await("^child$")
	stop(t, cmd.Process.Pid)
	p.exit()
	p.wantCount(1, "generated changed")
}

// A program that leaves with 75 at once, for ever: the pauses double, or are a hundred times
// what the last child cost, whichever is longer. So 10 s have room for ten launches.
func TestBackOff(t *testing.T) {
	cmd := command(t, "talk", "-die")
	p := start(t, cmd)
	p.await("^restarter: the program left with 75 at once; launching it again in ")
	stop(t, cmd.Process.Pid)
	m := p.await(`^parent leaves .* lived (\d+) children's processor time (\d+)$`)
	p.wantExit(stopCode)
	lived, _ := strconv.Atoi(m[1])
	cost, _ := strconv.Atoi(m[2])
	n := p.count("^child ")
	if least := 25000 * (1<<(n-1) - 1); lived < least {
		t.Errorf("%d launches in %d µs, want at least %d", n, lived, least)
	}
	// The first pause does not count what it costs, and none has followed the last child.
	if cost*(n-2)/n*80 > lived {
		t.Errorf("%d launches took %d µs of the processor in %d µs: more than 1 %%", n, cost, lived)
	}
}

// An edit mends a program that only exits with 75, and the restarts after it are not delayed.
func TestEditMendsAProgramThatAlwaysLeaves(t *testing.T) {
	broken := strings.Replace(report, "\tfmt.Println(\"version\"", "\tos.Exit(restarter.ExitCode)\n\tfmt.Println(\"version\"", 1)
	m := newModule(t, "main.go", broken)
	p := m.start()
	p.await(`^restarter: the program left with 75 at once; launching it again in `)
	m.write("main.go", report)
	p.await("^version 1 ")
	before := p.count("launching it again")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^version 2 ")
	m.replace("main.go", `version = "2"`, `version = "3"`)
	p.await("^version 3 ")
	if after := p.count("launching it again"); after != before {
		t.Error("a normal restart was delayed")
	}
}

// A restart that the library has asked for is no sign of a program that leaves at once.
func TestRestartRightAfterTheStartIsNotDelayed(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-settled=1m", "-track="+file))
	p.child()
	save(t, file, "changed")
	p.await("^told: ")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.wantCount(0, "launching it again")
}

// restarts is how many restarts in a row must leave nothing behind.
func restarts() int {
	if testing.Short() {
		return 20
	}
	return 200
}

// The children find what the parent holds. A child may look while the parent is about to close
// the pipe that started it, so a few are no sign of a leak.
func TestRestartsLeaveNothingBehind(t *testing.T) {
	const few = 5
	p := start(t, command(t, "talk", "-settled=0"))
	var first []string
	for i := 0; i < restarts(); i++ {
		m := p.await(`^child .* descriptors (\d+) children (\d+) private (\d+) temporary (\d+)$`)
		if i == 0 {
			first = m
		}
		for j := range m[1:] {
			now, _ := strconv.Atoi(m[j+1])
			if then, _ := strconv.Atoi(first[j+1]); now > then+few {
				t.Fatalf("child %d: %s, after %s", i+1, m[0], first[0])
			}
		}
		p.do("exit 75")
	}
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	wantNoGoroutines(t, p)
}

// wantNoGoroutines looks at what the parent said in the end. The runtime has one for signals,
// and one that is about to end may still be there.
func wantNoGoroutines(t *testing.T, p *process) {
	t.Helper()
	m := p.await(`^parent leaves goroutines (\d+) `)
	if n, _ := strconv.Atoi(m[1]); n > 5 {
		t.Errorf("%d goroutines when LaunchChild has returned", n)
	}
}

// copyProgram copies this test binary. As another program, if mark is not 0: its content ID
// ends in mark.
func copyProgram(t *testing.T, name string, mark byte) {
	t.Helper()
	exe := executable(t)
	data, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if mark != 0 {
		id, err := contentID(exe)
		if err != nil {
			t.Fatal(err)
		}
		id, _, _ = strings.Cut(id, ":")
		marked := id[:len(id)-1] + string(mark)
		data = []byte(strings.ReplaceAll(string(data), id, marked))
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	w.Write(data)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "darwin" { // where a changed executable has to be signed anew
		if out, err := exec.Command("codesign", "-f", "-s", "-", name).CombinedOutput(); err != nil {
			t.Skipf("codesign: %v\n%s", err, out)
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
