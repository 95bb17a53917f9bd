package e2e

import (
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pairs is how many pairs of edits TestLastEditRuns makes: more by hand, less in the course of
// other work.
func pairs(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("RESTARTER_TEST_PAIRS"))
	if err != nil {
		return 8
	}
	return n
}

// Whatever lies between two edits, the program that runs in the end is built from the
// last one. Nothing is waited for but that program.
func TestLastEditRuns(t *testing.T) {
	tests := []struct{ name, stop, start string }{
		{"quick", "", ""},
		{"slow to stop and to start", "time.Sleep(300 * time.Millisecond)", "time.Sleep(300 * time.Millisecond)"},
	}
	for _, test := range tests {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			main := strings.Replace(report, "\tfmt.Println(", "\t"+test.start+"\n\tfmt.Println(", 1)
			main = strings.Replace(main, "\tos.Exit(restarter.ExitCode)", "\t"+test.stop+"\n\tos.Exit(restarter.ExitCode)", 1)
			m := newModule(t, "main.go", main)
			version := func(n int) string {
				return strings.Replace(main, `version = "1"`, fmt.Sprintf("version = %q", strconv.Itoa(n)), 1)
			}
			seed := time.Now().UnixNano()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewSource(seed))
			p := m.start()
			p.await("^version 1 ")
			for i, n := 0, 1; i < pairs(t); i++ {
				n += 2
				m.write("main.go", version(n))
				// The edits are the user's. Half of the gaps are shorter than a build.
				gap := time.Duration(random.Int63n(int64(400 * time.Millisecond)))
				if i%2 == 0 {
					gap *= 5
				}
				time.Sleep(gap)
				m.write("main.go", version(n+1))
				t.Logf("version %d %v behind %d", n+1, gap, n)
				p.await(fmt.Sprintf("^version %d ", n+1))
			}
		})
	}
}

// lingerer prints a line at every step of its life, and waits there for one on standard
// input, so that a test can edit at each of them.
const lingerer = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

const version = "1"

func linger(step string) {
	fmt.Println(step, "version", version)
	if n, _ := os.Stdin.Read(make([]byte, 1)); n == 0 {
		os.Exit(0)
	}
}

func main() {
	linger("before main in parent " + fmt.Sprint(restarter.IsParent()))
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	fmt.Println("up version", version)
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	<-ctx.Done()
	linger("leaving")
	os.Exit(restarter.ExitCode)
}
`

// An edit is not lost where nobody seems to watch: before the first child is there, while a
// child starts, and while it shuts down. There is one edit at a time: the next would make up
// for one that was lost.
func TestEditAtEveryStep(t *testing.T) {
	for _, where := range []string{"before the parent", "in the parent", "in the first child", "while it leaves", "in the second child"} {
		where := where
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", lingerer)
			edited := 1 // the version
			edit := func() {
				m.replace("main.go", fmt.Sprintf("version = \"%d\"", edited), fmt.Sprintf("version = \"%d\"", edited+1))
				edited++
			}
			at := func(step string) {
				if step == where {
					edit()
				}
			}
			exe := m.build()
			at("before the parent")
			p := m.launch(exe, nil)
			await := func(line string, version int) {
				t.Helper()
				p.await(fmt.Sprintf("^%s version %d$", line, version))
			}
			next := func() {
				t.Helper()
				if _, err := p.stdin.Write([]byte("x")); err != nil {
					t.Fatal(err)
				}
			}

			await("before main in parent true", 1)
			at("in the parent")
			next()
			await("before main in parent false", 1)
			at("in the first child")
			next()
			await("up", 1)
			if edited == 1 {
				edit() // so that there is a second child
			}
			await("leaving", 1)
			at("while it leaves")
			next()
			await("before main in parent false", 2)
			at("in the second child")
			next()
			await("up", 2)
			if edited == 3 {
				await("leaving", 2)
				next()
				await("before main in parent false", 3)
				next()
				await("up", 3)
			}
			// The parent does not outlive this, and takes away what it made.
			edit()
			await("leaving", edited-1)
			next()
			await("before main in parent false", edited)
			p.stdin.Close()
			if code := p.exit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// Who saves again while the program takes its time to exit is told what is waited for, too.
func TestSecondSaveWhileTheProgramExits(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", `package main

import (
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

const version = 1

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	fmt.Println("version", version)
	restarter.ShouldRestart()
	os.Stdin.Read(make([]byte, 1))
	os.Exit(version)
}
`)
	p := m.startWatched()
	const waiting = "^restarter: waiting for the program to exit: "
	m.edit("main.go", "version = 1", "version = 2")
	p.await(waiting)
	m.edit("main.go", "version = 2", "version = 0")
	p.await("^restarter: built in .*; restarting$")
	p.await(waiting)
	p.stdin.Close()
	p.await("^version 0$")
	p.wantExit(0)
}
