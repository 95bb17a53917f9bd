package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

func init() {
	// A program that writes to what it tracks, and leaves.
	programs["writer"] = func() {
		if l := (restarter.Launcher{WaitOnFailure: true}); restarter.IsParent() {
			code := l.LaunchChild()
			fmt.Printf("children's processor time %d\n", childrenTime().Microseconds())
			os.Exit(code)
		}
		restarter.Track(os.Args[1])
		fmt.Println("child")
		os.WriteFile(os.Args[1], []byte(time.Now().String()), 0o644)
		code, _ := strconv.Atoi(os.Args[2])
		os.Exit(code)
	}
}

// free is how many relaunches there are before the first pause.
const free = 10

// wantPause waits for a pause and for a line that comes after it, which is too early in half the time.
func (p *process) wantPause(after string) {
	p.t.Helper()
	m := p.await(pauses)
	said := time.Now()
	p.await(after)
	if pause, err := time.ParseDuration(m[1]); err != nil || time.Since(said) < pause/2 {
		p.t.Errorf("launched again after %v instead of %v", time.Since(said), m[1])
	}
}

// A program that leaves with 75 at once, for ever: ten relaunches are free, then the pauses double, and
// are at least a hundred times what the last child cost.
func TestBackOff(t *testing.T) {
	slow(t)
	cmd := command(t, "talk", "-die")
	p := start(t, cmd)
	p.await(pauses)
	if n := p.count("^child "); n < 1+free {
		t.Errorf("a pause after %d children, want one after %d", n, 1+free)
	}
	p.wantPause("^child ")
	p.await(pauses)
	stop(t, cmd.Process.Pid)
	m := p.await(`^parent leaves .* children's processor time (\d+)$`)
	p.wantExit(stopCode)
	cost, _ := strconv.Atoi(m[1])
	var paused time.Duration
	for _, line := range p.output() {
		if m := regexp.MustCompile(pauses).FindStringSubmatch(line); m != nil {
			pause, _ := time.ParseDuration(m[1])
			paused += pause
		}
	}
	// The times of single children differ.
	each, pause := time.Duration(cost/p.count("^child "))*time.Microsecond, paused/time.Duration(p.count(pauses))
	if pause < 70*each {
		t.Errorf("a child takes %v of the processor, and a pause is of %v: more than 1 %%", each, pause)
	}
}

// A person who saves eight times within a moment, and sees what comes of each, waits for no pause.
func TestQuickSavesRestartAtOnce(t *testing.T) {
	slow(t)
	file := tempFile(t)
	p := start(t, command(t, "talk", "-track="+file))
	for i := 0; i < 8; i++ {
		p.child()
		save(t, file, itoa(i))
		p.await("^told: ")
	}
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(9, "^child ")
	p.expect(0, "keeps? exiting")
}

// Nor does one who saves on: a change ends the pause.
func TestAChangeEndsThePause(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-track="+file))
	for p.child(); p.count(pauses) < 3; {
		p.do("exit 75")
		p.childSoon(file)
	}
	p.do("exit 0")
	p.wantExit(0)
}

// A program that writes to what it tracks, and leaves at once, takes no more of the processor than the
// relaunches that are free and the pauses allow. On a busy machine the pauses may all be too short to be told.
func TestBackOffOfAProgramThatWritesWhatItTracks(t *testing.T) {
	slow(t)
	for _, code := range []string{"3", "75"} {
		code := code
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			cmd := command(t, "writer", tempFile(t), code)
			began := time.Now()
			p := start(t, cmd)
			for i := 0; i < 5*free && p.count(pauses) == 0; i++ {
				p.await("^child$|" + pauses)
			}
			took := time.Since(began).Seconds()
			stop(t, cmd.Process.Pid)
			cost, _ := strconv.ParseFloat(p.await(`^children's processor time (\d+)$`)[1], 64)
			p.exit()
			p.drain()
			children := float64(p.count("^child$"))
			if atOnce := children * (1 - 0.02*took*1e6/cost); cost > 0 && atOnce > 2+free+took {
				t.Errorf("%v children within %.1f s take %.0f ms of the processor: %.1f more than the pauses allow", children, took, cost/1000, atOnce)
			}
		})
	}
}

// Nor is one that writes a source file, which makes the same program.
func TestBackOffOfAProgramThatWritesItsSource(t *testing.T) {
	t.Parallel()
	m := newModule(t, "gen.go", "package main\n", "main.go", `package main

import (
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	fmt.Println("child")
	os.WriteFile("gen.go", []byte("package main\n\n// " + fmt.Sprint(os.Getpid())), 0o644)
	os.Exit(75)
}
`)
	p := m.start()
	p.wantPause("^child$")
	m.replace("main.go", "os.Exit(75)", "println(`mended`)")
	p.await("^mended$")
	p.wantExit(0)
}

// An edit mends a program that only exits with 75, and the restarts after it are not delayed.
func TestEditMendsAProgramThatAlwaysLeaves(t *testing.T) {
	t.Parallel()
	broken := strings.Replace(report, "\tfmt.Println(\"version\"", "\tos.Exit(restarter.ExitCode)\n\tfmt.Println(\"version\"", 1)
	m := newModule(t, "main.go", broken)
	p := m.start()
	p.await(pauses)
	m.write("main.go", report)
	p.await("^version 1 ")
	before := p.count(pauses)
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^version 2 ")
	m.replace("main.go", `version = "2"`, `version = "3"`)
	p.await("^version 3 ")
	if after := p.count(pauses); after != before {
		t.Error("a normal restart was delayed")
	}
}

// A restart that the library has asked for right after the start is as quick as any.
func TestRestartRightAfterTheStartIsNotDelayed(t *testing.T) {
	file := tempFile(t)
	p := start(t, command(t, "talk", "-track="+file))
	p.child()
	save(t, file, "changed")
	p.await("^told: ")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	p.expect(0, "launching it again")
}
