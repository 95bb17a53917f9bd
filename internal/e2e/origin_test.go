package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// messy is a program that says what it was started with, and then changes all of it, as many a
// program does that drops privileges or parses its arguments. MESS stands for before or after IsParent.
const messy = `package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/lib537/restarter"
)

const version = "1"

func say(who string) {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "RESTARTER=") {
			env = append(env, v)
		}
	}
	sort.Strings(env)
	wd, err := os.Getwd()
	fmt.Printf("%s version %s started with %q %v %q %q\n", who, version, wd, err, os.Args, env)
}

func mess() {
	for _, name := range []string{"PATH", "HOME", "GOFLAGS", "GOCACHE", "GOPROXY", "TMPDIR", "GOTMPDIR"} {
		os.Setenv(name, "/nowhere")
	}
	os.Setenv("ADDED", "yes")
	os.Unsetenv("PWD")
	os.Unsetenv("REMOVED")
	if err := os.Chdir(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Args[0] = "changed"
	os.Args = append(os.Args[:1], "changed", "too")
}

func clear() {
	mess()
	os.Clearenv()
	os.Args = nil
}

func main() {
	who := "parent"
	if strings.Contains(os.Getenv("RESTARTER"), ":") {
		who = "child"
	}
	say(who)
	BEFORE
	if restarter.IsParent() {
		AFTER
		os.Exit(restarter.LaunchChild())
	}
	for !restarter.ShouldRestart() {
		time.Sleep(5 * time.Millisecond)
	}
	os.Exit(restarter.ExitCode)
}
`

// A program that changes its own surroundings changes nothing for its children and for builds.
func TestProgramChangesItsSurroundings(t *testing.T) {
	for _, change := range []string{"mess", "clear"} {
		for _, when := range []string{"BEFORE", "AFTER"} {
			change, when := change, when
			t.Run(fmt.Sprint(change, " ", when), func(t *testing.T) {
				t.Parallel()
				m := newModule(t, "main.go", messy)
				for _, place := range []string{"BEFORE", "AFTER"} {
					call := ""
					if place == when {
						call = change + "()"
					}
					m.replace("main.go", place, call)
				}
				p := m.launch(m.build(), []string{"REMOVED=no"}, t.TempDir(), "b c", "")
				started := p.await("^parent version 1 started with (.*)$")[1]
				if now := p.await("^child version 1 started with (.*)$")[1]; now != started {
					t.Errorf("the child was started with\n%s, want\n%s", now, started)
				}
				m.replace("main.go", `version = "1"`, `version = "2"`)
				if now := p.await("^child version 2 started with (.*)$")[1]; now != started {
					t.Errorf("the second child was started with\n%s, want\n%s", now, started)
				}
			})
		}
	}
}

// A package of the program's that does so when it is initialised, perhaps before this library is.
func TestPackageChangesItsSurroundings(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", `package main

import "example.com/app/aaa"

func text() string { return "1" + aaa.Was }
`, "aaa/aaa.go", `package aaa

import "os"

// Was is what was there before.
var Was string

func init() {
	wd, _ := os.Getwd()
	Was = " in " + wd + " with " + os.Getenv("LOADED")
	os.Chdir("aaa")
	os.Setenv("LOADED", "by the parent")
}
`)
	p := m.launch(m.build(), nil, "a.conf")
	want := p.await("^text 1 in (.*) with  process .*$")[1]
	m.replace("text.go", `"1"`, `"2"`)
	if now := p.await("^text 2 in (.*) with .*process .*$"); now[1] != want || strings.Contains(now[0], "parent") {
		t.Errorf("the second child was started so: %s", now[0])
	}
	p.leave()
}

// The directory that the program was started in is a name: a deploy may have put another in its place, and
// where there is none any more the child starts where its parent is.
func TestDirectoryIsReplaced(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", `package main

import "os"

func text() string {
	wd, _ := os.Getwd()
	release, _ := os.ReadFile("release")
	return "1 " + wd + " " + string(release)
}
`)
	top := t.TempDir()
	current := filepath.Join(top, "current")
	for _, release := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(top, release), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(top, release, "release"), []byte(release), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(release string) {
		t.Helper()
		os.Remove(current)
		if err := os.Symlink(release, current); err != nil {
			t.Skip(err)
		}
	}
	link("one")
	cmd := exec.Command(m.build())
	cmd.Dir, cmd.Env = current, append(m.tool().Env, "PWD="+current)
	p := start(t, cmd)
	at := regexp.QuoteMeta(current)
	p.await("^text 1 " + at + " one process")
	link("two")
	m.replace("text.go", `"1 "`, `"2 "`)
	p.await("^text 2 " + at + " two process")
	p.leave()
}

// The parent may be launched where package main is initialised, as in a file that only a tag brings in.
func TestLaunchedFromInit(t *testing.T) {
	t.Parallel()
	m := newModule(t, "cmd/app/main.go", strings.Replace(teller, "restarter.IsParent()", "false", 1), "cmd/app/text.go", text,
		"cmd/app/dev.go", `//go:build dev

package main

import (
	"os"

	"github.com/lib537/restarter"
)

func init() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
}
`)
	cmd := exec.Command(m.build("-tags=dev", "./cmd/app"))
	cmd.Dir, cmd.Env = t.TempDir(), m.tool().Env
	p := start(t, cmd)
	p.await("^text 1 ")
	m.replace("cmd/app/text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
}
