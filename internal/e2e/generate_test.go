package e2e

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The generator is this test binary: it makes text.go of text.in, and notes in a file that it ran. It
// waits at the gate, if there is one. If it is to build as well, it runs go build afterwards.
func init() {
	programs["generate"] = func() {
		if address := os.Getenv(gateVar); address != "" {
			if conn, err := net.Dial("tcp", address); err == nil {
				bufio.NewReader(conn).ReadString('\n')
			}
		}
		input, err := os.ReadFile("text.in")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		value := strings.TrimSpace(string(input))
		if value == "broken" {
			fmt.Fprintln(os.Stderr, "text.in:1: it is broken")
			os.Exit(1)
		}
		if f, err := os.OpenFile(os.Getenv(runsVar), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			f.WriteString("x")
			f.Close()
		}
		text := fmt.Sprintf("package main\n\nfunc text() string { return %q }\n", value)
		err = os.WriteFile("text.tmp", []byte(text), 0o600)
		if err == nil {
			err = os.Rename("text.tmp", "text.go") // so that nobody sees it half done
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if out := os.Getenv("RESTARTER_OUTPUT"); out != "" {
			cmd := exec.Command("go", "build", "-o", out)
			cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
			if cmd.Run() != nil {
				os.Exit(1)
			}
		}
	}
}

const (
	runsVar      = "RESTARTER_TEST_RUNS"
	generating   = "^restarter: .* changed; generating$"
	notGenerated = "^restarter: generation failed, the old program keeps running$"
)

// A generated is a program with a generator.
type generated struct {
	*module
	t    *testing.T
	runs string // grows by a byte with every run
}

// newGenerated returns a teller whose parent is the given one, where GENERATOR stands for the command.
func newGenerated(t *testing.T, launcher string) *generated {
	t.Helper()
	launcher = strings.ReplaceAll(launcher, "GENERATOR", fmt.Sprintf("[]string{%q}", executable(t)))
	main := strings.Replace(teller, "restarter.LaunchChild()", "(&restarter.Launcher{"+launcher+"}).LaunchChild()", 1)
	m := newModule(t, "main.go", main, "text.in", "1\n",
		"text.go", "package main\n\nfunc text() string { return \"1\" }\n")
	m.touch("text.in", time.Now().Add(-time.Hour))
	used.Store("generate", true)
	return &generated{m, t, filepath.Join(t.TempDir(), "runs")}
}

func (g *generated) start(env ...string) *process {
	g.t.Helper()
	p := g.launch(g.build(), append(env, programVar+"=generate", runsVar+"="+g.runs, debug))
	p.awaitAnywhere(proved)
	p.await("^text 1 ")
	return p
}

// ran checks how often the generator has run to its end.
func (g *generated) ran(want int) {
	g.t.Helper()
	data, err := os.ReadFile(g.runs)
	if err != nil && want > 0 {
		g.t.Fatal(err)
	}
	if len(data) != want {
		g.t.Errorf("the generator has run %d times, want %d", len(data), want)
	}
}

// An input that is edited, broken and mended. What the generator writes causes no build of its own.
func TestGenerate(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Generate: GENERATOR, Sources: []string{"text.in"}`)
	p := m.start()
	m.ran(0)

	m.put("text.in", "2\n")
	p.await("^restarter: text.in changed; generating$")
	p.await(building)
	process := p.await("^text 2 process (.*)")[1]
	m.ran(1)

	m.put("text.in", "broken\n")
	p.await("^restarter: text.in changed; generating$")
	p.await("^text.in:1: it is broken$")
	p.await(notGenerated)
	p.expect(1, building)

	// The output is written anew, and is what it was.
	m.put("text.in", "2\n")
	p.await("^restarter: text.in changed; generating$")
	p.await(building)
	p.await(same)
	m.ran(2)
	m.put("text.in", "2 \n")
	p.await(same)
	m.ran(3)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}

	// Whatever else was going to be built is built by now.
	m.edit("main.go", "package main\n", "package main // edited\n")
	p.await("^restarter: main.go changed; building$")
	p.await(same)
	m.ran(3)
	p.expect(4, generating)
	p.expect(4, building)
	p.expect(1, "^text.in:1: ")

	m.put("text.in", "3\n")
	p.await("^text 3 ")
	p.leave()
}

// A touch is no change of an input, nor of a source beside a generator.
func TestGenerateGoesByContent(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Generate: GENERATOR, Sources: []string{"text.in"}`)
	p := m.start()
	m.touch("text.in", time.Now())
	m.touch("text.go", time.Now())
	m.swap("text.go", "package main\n\nfunc text() string { return \"1\" }\n", time.Now())
	m.edit("main.go", "package main\n", "package main // edited\n")
	p.await("^restarter: main.go changed; building$")
	p.await(same)
	m.ran(0)
	p.leave()
	p.expect(1, building)
	p.expect(1, "^text ")
}

// A generator that has failed runs again at the next change, of whatever: a Go file may be what it
// lacks.
func TestGenerateAgainAfterFailure(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Generate: GENERATOR, Sources: []string{"text.in"}`)
	p := m.start()
	m.remove("text.in")
	p.await("^restarter: text.in changed; generating$")
	p.await("text.in")
	p.await(notGenerated)
	m.edit("main.go", "package main\n", "package main // edited\n")
	p.await("^restarter: main.go changed; generating$")
	p.await(notGenerated)
	m.put("text.in", "2\n")
	p.await(generating)
	p.await("^text 2 ")
	m.ran(1)
	p.leave()
}

// An input that is edited while the generator runs is generated from in the end.
func TestEditWhileGenerating(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Generate: GENERATOR, Sources: []string{"text.in"}`)
	g := newGate(t)
	p := m.start(gateVar + "=" + g.ln.Addr().String())
	p.awaitAnywhere(proved)
	m.put("text.in", "2\n")
	open := g.wait()
	m.put("text.in", "3\n")
	open()
	g.wait()()
	p.await("^text 3 ")
	m.put("text.in", "4\n")
	open = g.wait()
	m.edit("main.go", "package main\n", "package main // edited\n")
	p.await("debug: main.go changed$")
	open()
	p.await("^text 4 ")
	g.openAll()
	m.put("text.in", "5\n")
	p.await("^text 5 ")
	p.leave()
	p.expect(0, "^text 2 ")
}

// A generator that writes below its own Sources, each time something else, does not run for ever.
func TestGenerateWritesItsOwnSources(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no shell")
	}
	m := newGenerated(t, "Generate: []string{`sh`, `api/gen.sh`}, Sources: []string{`api`}")
	m.write("api/x.in", "1")
	m.write("api/gen.sh", "date +%N >api/x.out\nprintf 'package main\\n\\nfunc text() string { return \"%s\" }\\n' $(cat api/x.in) >text.go\n")
	p := m.start()
	m.put("api/x.in", "2")
	p.await("^text 2 ")
	p.await("^restarter: each run of Launcher.Generate rewrites api.x.out; leave it out of Launcher.Sources; generating again in 4s$")
	m.put("api/x.in", "3") // which waits for nothing
	p.await("^text 3 ")
	p.leave()
	if n := p.count(generating); n > 10 {
		t.Errorf("it has run %d times for two edits", n)
	}
}

// A build that writes one of the sources when it ends, each time something else, is not run for ever.
func TestBuildWritesASource(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no shell")
	}
	m := newGenerated(t, "Build: []string{`sh`, `build.sh`}")
	m.write("stamp.go", "package main\n")
	m.write("build.sh", "go build -o $RESTARTER_OUTPUT . && echo \"package main // $(date +%N)\" >stamp.go\n")
	p := m.start()
	m.put("text.go", "package main\n\nfunc text() string { return \"2\" }\n")
	p.await("^text 2 ")
	p.await("^restarter: each build rewrites stamp.go; move that step to Launcher.Generate; building again in 4s$")
	m.put("text.go", "package main\n\nfunc text() string { return \"3\" }\n") // which waits for nothing
	p.await("^text 3 ")
	p.leave()
	if n := p.count(building); n > 12 {
		t.Errorf("it was built %d times for two edits", n)
	}
}

// Inputs that are newer than the executable are generated from at the start: there is nobody who knows
// what they were when it was built.
func TestGenerateAtTheStart(t *testing.T) {
	for _, newer := range []bool{false, true} {
		newer := newer
		t.Run(fmt.Sprint("newer ", newer), func(t *testing.T) {
			t.Parallel()
			m := newGenerated(t, `Generate: GENERATOR, Sources: []string{"inputs", "*.in"}`)
			exe := m.build()
			at := time.Now().Add(-time.Hour)
			if newer {
				at = time.Now().Add(time.Hour)
			}
			m.put("text.in", "2\n")
			m.write("inputs/deep/one", "")
			m.touch("inputs/deep/one", at)
			m.touch("text.in", at)
			m.touch("text.go", time.Now().Add(-time.Hour))
			p := m.launch(exe, []string{programVar + "=generate", runsVar + "=" + m.runs, debug})
			p.await("^text 1 ")
			if newer {
				p.await(generating)
				p.await("^text 2 ")
				m.ran(1)
			} else {
				p.await(proved)
				m.ran(0)
			}
			p.leave()
		})
	}
}

// So are those that are newer than what was generated, though the executable was built since.
func TestGenerateAtTheStartOfANewExecutable(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Generate: GENERATOR, Sources: []string{"*.in"}`)
	m.put("text.in", "2\n")
	m.touch("text.in", time.Now().Add(-time.Minute))
	m.touch("text.go", time.Now().Add(-time.Hour))
	p := m.launch(m.build(), []string{programVar + "=generate", runsVar + "=" + m.runs})
	p.await("^text 1 ")
	p.await(generating)
	p.await("^text 2 ")
	p.leave()
	m.ran(1)
}

// Without a generator, what Sources name causes a build.
func TestSourcesWithoutGenerate(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Sources: []string{"data", "*.in"}`)
	m.write("data/one", "1")
	p := m.start()
	m.put("text.in", "2\n")
	p.await("^restarter: text.in changed; building$")
	p.await(same)
	m.write("data/below/two", "2")
	p.await("^restarter: data.below.two changed; building$")
	p.await(same)
	m.remove("data")
	p.await("^restarter: data.* changed; building$")
	p.await(same)
	m.touch("text.in", time.Now())
	m.edit("text.go", `"1"`, `"2"`)
	p.await("^restarter: text.go changed; building$")
	p.await("^text 2 ")
	p.leave()
	m.ran(0)
	p.expect(0, generating)
}

// A build command that generates writes sources of its own, which are built once more at most.
func TestBuildThatGenerates(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Build: GENERATOR, Sources: []string{"text.in"}`)
	p := m.start()
	builds := 0
	for _, value := range []string{"2", "3", "4"} {
		m.put("text.in", value+"\n")
		p.await("^text " + value + " ")
		m.edit("main.go", "package main", "package main // edited; was:")
		p.await("^restarter: main.go changed; building$")
		p.await(same)
		if n := p.count(building) - 1; n > builds+2 {
			t.Errorf("%d builds for one edit", n-builds)
		}
		builds = p.count(building)
	}
	m.put("text.in", "broken\n")
	p.await("^text.in:1: it is broken$")
	p.await(failed)
	m.put("text.in", "5\n")
	p.await("^text 5 ")
	p.leave()
	p.expect(5, "^text ")
}

// While no program runs, a file that is saved as it was launches it again, with a build command too.
func TestBuildOfTheSameLaunchesAgain(t *testing.T) {
	t.Parallel()
	m := newGenerated(t, `Build: GENERATOR, WaitOnFailure: true`)
	p := m.start()
	kill(t, p.ask())
	p.await("waiting for a change$")
	m.put("main.go", m.replaced("main.go", "package", "package"))
	p.await("^restarter: main.go changed; building$")
	p.await("^text 1 ")
	p.leave()
}
