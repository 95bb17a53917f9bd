package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	building = "^restarter: .* changed; building$"
	same     = "^restarter: the program is the same$"
	failed   = "^restarter: build failed, the old program keeps running$"
)

// touch gives a file another time.
func (m *module) touch(name string, at time.Time) {
	m.t.Helper()
	if err := os.Chtimes(m.path(name), at, at); err != nil {
		m.t.Fatal(err)
	}
}

func (m *module) remove(name string) {
	m.t.Helper()
	if err := os.RemoveAll(m.path(name)); err != nil {
		m.t.Fatal(err)
	}
}

// swap replaces a file in one step, so that nobody sees it half done, by one of another
// content and the given time.
func (m *module) swap(name, content string, at time.Time) {
	m.t.Helper()
	m.write("new.tmp", content)
	m.touch("new.tmp", at)
	if err := os.Rename(m.path("new.tmp"), m.path(name)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *module) modTime(name string) time.Time {
	m.t.Helper()
	info, err := os.Stat(m.path(name))
	if err != nil {
		m.t.Fatal(err)
	}
	return info.ModTime()
}

// git runs a git command in the directory of the module.
func (m *module) git(args ...string) {
	m.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com",
		"-c", "core.autocrlf=false", "-c", "init.defaultBranch=main"}, args...)...)
	cmd.Dir = m.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// What does not change the program does not restart it. That nothing happened is not waited
// for: every step that is looked at ends in a line, and the only restart is that of
// the real edit at the end.
func TestSameProgramKeepsRunning(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text,
		"text_test.go", "package main\n", "unused/unused.go", "package unused\n")
	p := m.start()
	process := p.await("^text 1 process (.*)")[1]

	m.touch("main.go", time.Now())
	p.await(building)
	// Seen while that build runs, any of these would cancel it and be one build more.
	m.replace("text_test.go", "package main", "package main // changed")
	m.write("new_test.go", "package main\n\nno Go at all\n")
	m.replace("unused/unused.go", "package unused", "package unused // changed")
	m.write("unused/more.go", "package unused\n\nno Go at all\n")
	for _, name := range []string{".text.go.swp", "4913", "text.go~", ".#text.go", "#text.go#", "notes.txt", "_skip.go"} {
		m.write(name, "no Go at all\n")
	}
	m.remove("4913")
	p.await(same)

	m.replace("text.go", "// one", "// two")
	p.await("^restarter: text.go changed; building$")
	p.await(same)

	m.replace("text.go", `"1"`, `1`)
	p.await(failed)
	m.replace("text.go", `1`, `"1"`)
	p.await(same)

	p.expect(4, building)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}

	m.replace("text.go", `"1"`, `"2"`)
	if now := p.await("^text .* process (.*)")[1]; now == process {
		t.Error("the real edit did not restart the program")
	}
	p.leave()
	p.expect(1, "^text 2 ")
	p.expect(5, building)
}

// One edit each, of something that a program is made of. The first two edits of every
// program are the ones that the user makes: he waits for the answer in between.
func TestEverySourceIsWatched(t *testing.T) {
	lib := `package lib

func Text() string { return "1" }
`
	use := `package main

import "example.com/lib"

func text() string { return lib.Text() }
`
	// A module beside the program's own, in the folder lib below it.
	withLib := func(m *module) {
		m.write("text.go", use)
		m.write("lib/go.mod", "module example.com/lib\n\ngo 1.21\n")
		m.write("lib/lib.go", lib)
	}
	embedded := func(pattern string) string {
		return `package main

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed ` + pattern + `
var files embed.FS

func text() string {
	var all []string
	fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := fs.ReadFile(files, path)
			all = append(all, path + "=" + string(data))
		}
		return err
	})
	return strings.Join(all, ",")
}
`
	}
	const vendored = "GOFLAGS=" // and not -mod=mod
	tests := []struct {
		name  string
		env   []string
		setup func(m *module)
		edits []func(m *module)
		texts []string // before the edits, and after each
	}{
		{
			name: "replaced module",
			setup: func(m *module) {
				withLib(m)
				m.replace("go.mod", "replace ", "require example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n\nreplace ")
			},
			edits: []func(m *module){
				func(m *module) { m.replace("lib/lib.go", `"1"`, `"2"`) },
				func(m *module) { m.replace("lib/lib.go", `"2"`, `"3"`) },
			},
			texts: []string{"1", "2", "3"},
		},
		{
			name: "workspace module",
			env:  []string{"GOFLAGS=", "GOWORK="},
			setup: func(m *module) {
				withLib(m)
				m.write("go.work", "go 1.21\n\nuse (\n\t.\n\t./lib\n)\n")
			},
			edits: []func(m *module){
				func(m *module) { m.replace("lib/lib.go", `"1"`, `"2"`) },
				func(m *module) { m.write("lib/more.go", "package lib\n\nfunc init() { println(\"more\") }\n") },
			},
			texts: []string{"1", "2", "2"},
		},
		{
			name: "vendored package",
			env:  []string{vendored},
			setup: func(m *module) {
				withLib(m)
				m.replace("go.mod", "replace ", "require example.com/lib v0.0.0\n\nreplace example.com/lib => ./lib\n\nreplace ")
				cmd := m.tool("mod", "vendor")
				cmd.Env = append(cmd.Env, vendored)
				if out, err := cmd.CombinedOutput(); err != nil {
					m.t.Fatalf("go mod vendor: %v\n%s", err, out)
				}
			},
			edits: []func(m *module){
				// The original is not what the program is made of.
				func(m *module) {
					m.replace("lib/lib.go", `"1"`, `"wrong"`)
					m.replace("vendor/example.com/lib/lib.go", `"1"`, `"2"`)
				},
			},
			texts: []string{"1", "2"},
		},
		{
			name: "embedded file",
			setup: func(m *module) {
				m.write("text.go", embedded("page.html"))
				m.write("page.html", "1")
			},
			edits: []func(m *module){
				func(m *module) { m.write("page.html", "2") },
				func(m *module) { m.swap("page.html", "3", m.modTime("page.html")) },
			},
			texts: []string{"page.html=1", "page.html=2", "page.html=3"},
		},
		{
			name: "new embedded files",
			setup: func(m *module) {
				m.write("text.go", embedded("page.* all:tree */data"))
				m.write("page.1", "1")
				m.write("tree/one", "1")
				m.write("a/data", "1")
			},
			edits: []func(m *module){
				func(m *module) { m.write("page.2", "2") },
				func(m *module) { m.write("tree/below/.two", "2") },
				func(m *module) { m.write("tree/below/deep/three", "3") },
				func(m *module) { m.write("b/data", "2") },
				func(m *module) { m.remove("page.1") },
				func(m *module) { m.remove("tree/below") },
			},
			texts: []string{
				"a/data=1,page.1=1,tree/one=1",
				"a/data=1,page.1=1,page.2=2,tree/one=1",
				"a/data=1,page.1=1,page.2=2,tree/below/.two=2,tree/one=1",
				"a/data=1,page.1=1,page.2=2,tree/below/.two=2,tree/below/deep/three=3,tree/one=1",
				"a/data=1,b/data=2,page.1=1,page.2=2,tree/below/.two=2,tree/below/deep/three=3,tree/one=1",
				"a/data=1,b/data=2,page.2=2,tree/below/.two=2,tree/below/deep/three=3,tree/one=1",
				"a/data=1,b/data=2,page.2=2,tree/one=1",
			},
		},
		{
			name: "new and deleted Go file",
			setup: func(m *module) {
				m.write("text.go", strings.Replace(text, `func text() string { return "1" }`,
					"var value = \"1\"\n\nfunc text() string { return value }", 1))
			},
			edits: []func(m *module){
				func(m *module) { m.write("more.go", "package main\n\nfunc init() { value = \"2\" }\n") },
				func(m *module) { m.replace("more.go", `"2"`, `"3"`) },
				func(m *module) { m.remove("more.go") },
			},
			texts: []string{"1", "2", "3", "1"},
		},
		{
			name: "new package",
			setup: func(m *module) {
				m.write("text.go", text)
				m.write("lib/lib.go", lib)
			},
			edits: []func(m *module){
				func(m *module) { m.write("text.go", strings.Replace(use, "com/", "com/app/", 1)) },
				func(m *module) { m.replace("lib/lib.go", `"1"`, `"2"`) },
			},
			texts: []string{"1", "1", "2"},
		},
		{
			name: "file for a tag",
			setup: func(m *module) {
				m.write("text.go", text)
				m.write("other.go", "//go:build other\n\npackage main\n\nfunc init() { println(text()) }\n")
			},
			edits: []func(m *module){
				func(m *module) {
					m.write("other.go", "package main\n\nfunc init() { println(\"other\") }\n")
				},
			},
			texts: []string{"1", "1"},
		},
		{
			name:  "older time",
			setup: func(m *module) { m.write("text.go", text) },
			edits: []func(m *module){
				func(m *module) {
					m.swap("text.go", strings.Replace(text, "1", "2", 1), time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
				},
				func(m *module) { m.swap("text.go", text, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)) },
			},
			texts: []string{"1", "2", "1"},
		},
		{
			name: "same size and time",
			setup: func(m *module) {
				m.write("text.go", text)
				m.touch("text.go", time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
			},
			edits: []func(m *module){
				func(m *module) { m.swap("text.go", strings.Replace(text, "1", "2", 1), m.modTime("text.go")) },
				func(m *module) { m.swap("text.go", strings.Replace(text, "1", "3", 1), m.modTime("text.go")) },
			},
			texts: []string{"1", "2", "3"},
		},
	}
	for _, test := range tests {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller)
			test.setup(m)
			p := m.launch(m.buildWith(test.env), test.env)
			seen := "^text (.*) process (.*)"
			told := p.await(seen)
			for i := 0; ; i++ {
				if told[1] != test.texts[i] {
					t.Fatalf("after %d edits the text is %q, want %q", i, told[1], test.texts[i])
				}
				if i == len(test.edits) {
					break
				}
				before := told[2]
				test.edits[i](m)
				if told = p.await(seen); told[2] == before {
					t.Fatalf("edit %d: process %s tells twice", i, before)
				}
			}
			p.leave()
		})
	}
}

// A package that is imported before it exists is found when it comes.
func TestPackageThatComesLater(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	p := m.start()
	process := p.await("^text 1 process (.*)")[1]
	m.write("text.go", `package main

import "example.com/app/sub/later"

func text() string { return later.Text }
`)
	p.await("^.*text.go:3:8: ")
	p.await(failed)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}
	m.write("sub/later/later.go", "package later\n\nconst Text = \"2\"\n")
	p.await("^text 2 ")
	m.replace("sub/later/later.go", `"2"`, `"3"`)
	p.await("^text 3 ")
	p.leave()
}

// A change of branch writes hundreds of files: that is one restart, or two if the first
// build was done before the last file came.
func TestCheckout(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	m := newModule(t, "main.go", teller, "text.go", `package main

import (
	"fmt"

	"example.com/app/many"
)

func text() string { return fmt.Sprint(many.Sum) }
`, "many/many.go", "package many\n\nvar Sum int\n")
	const files = 300
	name := func(i int) string { return fmt.Sprintf("many/f%03d.go", i) }
	for i := 0; i < files; i++ {
		m.write(name(i), "package many\n\nfunc init() { Sum += 1 }\n")
	}
	m.git("init", "-q")
	m.git("add", ".")
	m.git("commit", "-q", "-m", "one")
	m.git("branch", "one")
	m.git("checkout", "-q", "-b", "two")
	for i := 0; i < files; i++ {
		m.replace(name(i), "+= 1", "+= 2")
	}
	m.git("commit", "-q", "-a", "-m", "two")
	m.git("checkout", "-q", "one")

	p := m.start()
	p.await("^text 300 ")
	m.git("checkout", "-q", "two")
	p.await("^text 600 ")
	if n := p.count("^text ") - 1; n > 2 {
		t.Errorf("%d restarts", n)
	}
	before := p.count("^text ")
	m.git("checkout", "-q", "one")
	p.await("^text 300 ")
	p.leave()
	if n := p.count("^text ") - before; n > 2 {
		t.Errorf("%d restarts", n)
	}
}

// awaitAlias waits until the program has been built unchanged, after which its content ID is
// known even if it was built in another way at first. No line tells, and none should: it is
// looked for in the hand-over.
func (p *process) awaitAlias() {
	p.t.Helper()
	limit := deadline(p.t)
	for {
		dirs, _ := filepath.Glob(filepath.Join(p.tmp, privatePrefix+"*"))
		for _, dir := range dirs {
			if h := readHandover(dir); h != nil && h.Alias != "" {
				return
			}
		}
		if time.Now().After(limit) {
			p.t.Fatal("the unchanged program was not built")
		}
		time.Sleep(10 * time.Millisecond) // be gentle on the build
	}
}

// Programs that were built with what we leave out, a stamp of the repository, or by go run,
// have another content ID than ours, and are the same all the same.
func TestSameProgramBuiltOtherwise(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	for _, run := range []bool{false, true} {
		run := run
		t.Run(fmt.Sprintf("go run %t", run), func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text)
			m.git("init", "-q")
			m.git("add", ".")
			m.git("commit", "-q", "-m", "one")
			var p *process
			if run {
				p = start(t, m.tool("run", "."))
			} else {
				p = m.launch(m.build("-buildvcs=true"), nil)
			}
			p.await("^text 1 ")
			p.awaitAlias()
			m.replace("text.go", "// one", "// two")
			p.await(same)
			m.touch("main.go", time.Now())
			p.await(same)
			p.expect(1, "^text ")
			m.replace("text.go", `"1"`, `"2"`)
			p.await("^text 2 ")
			// The revision is no part of the program.
			m.git("commit", "-q", "-a", "-m", "two")
			m.touch("main.go", time.Now())
			p.await(same)
			p.leave()
			p.expect(2, "^text ")
		})
	}
}
