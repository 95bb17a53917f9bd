package e2e

import (
	"strings"
	"testing"
	"time"
)

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
