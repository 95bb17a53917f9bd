package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The temporary directory is tidied up, with the executable that runs: the next change, of any
// file, builds it again.
func TestExecutableTidiedUp(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", `package main

import "github.com/lib537/restarter"

func init() { restarter.Track("a.conf") }
`, "a.conf", "a")
	p := m.start()
	p.await("^text 1 ")
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	m.replace("text.go", `// one`, `// two`)
	p.await(same) // by now the hand-over has been read
	for _, d := range readDir(t, p.tmp) {
		if err := os.RemoveAll(filepath.Join(p.tmp, d.Name())); err != nil {
			t.Fatal(err)
		}
	}
	m.write("a.conf", "b")
	p.await("^text 2 ")
	p.leave()
}

func readDir(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// A program that names other files than the last one is not restarted for those of the
// last one.
func TestTrackOtherFile(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", `package main

import "github.com/lib537/restarter"

func init() { restarter.Track("a.conf") }
`, "a.conf", "a", "b.conf", "b")
	p := m.start()
	p.await("^text 1 ")
	m.replace("track.go", "a.conf", "b.conf")
	p.await("^text 1 ")
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	m.replace("text.go", `// one`, `// two`)
	p.await(same)
	m.replace("b.conf", "b", "c")
	p.await("^restarter: b.conf changed; restarting$")
	p.await("^text 2 ")
	p.leave()
	p.expect(2, "^text 1 ")
	p.expect(2, "^text 2 ")
}

// What is done to the executable that the parent was started from, and leaves it the same, does not bring the
// old program back.
func TestExecutableTouched(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	p := m.launch(exe, []string{debug})
	p.await("^text 1 ")
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	now := time.Now()
	if err := os.Chtimes(exe, now, now); err != nil {
		t.Fatal(err)
	}
	p.await("^restarter: debug: .* is the same program: content ID ")
	if data, err := os.ReadFile(exe); err != nil {
		t.Fatal(err)
	} else if err := os.WriteFile(exe+".new", data, 0o700); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" { // where an executable that runs cannot be replaced
		if err := os.Rename(exe+".new", exe); err != nil {
			t.Fatal(err)
		}
		p.await("^restarter: debug: .* is the same program: content ID ")
	}
	p.leave()
	p.expect(2, "^text ")
}

// knows reads the file a.conf, and leaves with 3 if it does not know what that says.
const knows = `package main

import (
	"os"

	"github.com/lib537/restarter"
)

func init() {
	restarter.Track("a.conf")
	if data, _ := os.ReadFile("a.conf"); restarter.IsChild() && string(data) != "a" {
		os.Exit(3)
	}
}
`

// Code and a tracked file that are saved together belong together: the old program is not restarted with the
// new file, whether the code builds or not.
func TestTrackedFileOfAnEdit(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", knows, "a.conf", "a")
	p := m.start()
	p.await("^text 1 ")
	m.write("text.go", "package main\n\nbroken\n")
	m.write("a.conf", "b")
	p.await("^restarter: build failed, the old program keeps running$")
	m.replace("track.go", `"a" {`, `"b" {`)
	m.write("text.go", text)
	p.await("^text 1 ")

	m.write("a.conf", "c")
	m.replace("track.go", `"b" {`, `"c" {`)
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
	p.expect(2, "^text 1 ")
	p.expect(1, "^text 2 ")
}

// One line says that a file has changed which is both embedded and tracked.
func TestTrackedFileThatIsEmbedded(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", `package main

import (
	_ "embed"

	"github.com/lib537/restarter"
)

//go:embed page.html
var page string

func init() { restarter.Track("page.html") }

func text() string { return page }
`, "page.html", "1")
	p := m.startWatched()
	p.await("^text 1 ")
	m.put("page.html", "2")
	p.await("^text 2 ")
	p.leave()
	p.expect(1, "^restarter: page.html changed; ")
}

// After a failed build a tracked file counts as before.
func TestTrackedFileAfterAFailedBuild(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", strings.Replace(knows, "os.Exit(3)", "println(string(data))", 1), "a.conf", "a")
	p := m.start()
	p.await("^text 1 ")
	m.write("text.go", "package main\n\nbroken\n")
	m.write("a.conf", "b")
	p.await("^restarter: build failed, the old program keeps running$")
	p.await("^restarter: a.conf changed; waiting for the build$")
	m.write("a.conf", "c")
	p.await("^restarter: a.conf changed; restarting$")
	p.await("^c$")
	p.await("^text 1 ")
	p.leave()
}

// The executable that was started is gone, and a tracked file changes: it is built again, or the copy that
// was kept is started.
func TestTrackedFileWithoutTheExecutable(t *testing.T) {
	for _, sources := range []bool{true, false} {
		sources := sources
		t.Run(fmt.Sprint("sources ", sources), func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text, "track.go", strings.Replace(knows, "os.Exit(3)", "println(string(data))", 1), "a.conf", "a")
			exe := m.build()
			var env []string
			if !sources {
				env = append(env, "PATH=")
			}
			p := m.launch(exe, env)
			p.await("^text 1 ")
			if err := os.Rename(exe, exe+".old"); err != nil {
				t.Fatal(err)
			}
			m.write("a.conf", "b")
			p.await("^b$")
			p.await("^text 1 ")
			p.leave()
			p.expect(2, "^text 1 ")
		})
	}
}

// While a program has ended, and waits for a change, what it tracked is still watched.
func TestTrackedFileOfAProgramThatFailed(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", strings.Replace(teller, "restarter.LaunchChild()", "(&restarter.Launcher{WaitOnFailure: true}).LaunchChild()", 1),
		"text.go", text, "track.go", knows, "a.conf", "bad")
	p := m.launch(m.build(), []string{debug})
	p.await("waiting for a change$")
	p.await(proved) // by then the sources are listed
	m.write("a.conf", "a")
	p.await("^text 1 ")
	p.leave()
	p.expect(1, "^text ")
}

// Code that comes with a package of its own, and does not compile yet, is built once more when that package is
// listed. The tracked file waits all the same.
func TestTrackedFileOfANewPackage(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", knows, "a.conf", "a")
	p := m.startWatched()
	p.await("^text 1 ")
	m.write("x/x.go", "package x\n\nbroken\n")
	m.write("a.conf", "b")
	m.write("text.go", "package main\n\nimport \"example.com/app/x\"\n\nfunc text() string { return x.Text }\n")
	p.await(failed)
	p.await("^restarter: debug: in .*go(\\.exe)? list ") // once more
	m.replace("track.go", `"a" {`, `"b" {`)
	m.write("x/x.go", "package x\n\nconst Text = \"2\"\n")
	p.await("^text 2 ")
	p.leave()
	p.expect(2, "^text ")
}

// With Overlap a new program that is refused has read the tracked file, and the old one has not. It reads the file when
// the sources build it again.
func TestTrackedFileOfARefusedEdit(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", strings.Replace(teller, "restarter.LaunchChild()", "(&restarter.Launcher{Overlap: 3e9}).LaunchChild()", 1),
		"text.go", text, "track.go", strings.Replace(knows, "os.Exit(3)", "println(string(data))", 1), "a.conf", "a")
	p := m.startWatched()
	p.await("^text 1 ")
	m.write("a.conf", "b")
	m.write("x/x.go", "package x\n\nconst Text = \"no\"\n") // for which another build follows
	m.write("text.go", "package main\n\nimport \"example.com/app/x\"\n\nfunc text() string { panic(x.Text) }\n")
	const refused = "^restarter: the new program exited with code 2 after .*, before it was ready; the old one keeps running$"
	p.await(refused)
	p.await("^restarter: debug: not restarted: this program has already failed with Overlap: ")
	p.expect(1, refused)
	m.write("text.go", text)
	p.await("^b$")
	p.await("^text 1 ")
	p.await("^restarter: debug: the new program is ready after ")
	p.leave()
}
