package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// A list of files is part of a folder that holds others: more programs, or files that do not build.
func TestFirstStartOfAListOfFiles(t *testing.T) {
	constants := "package main\n\nconst value = \"1\" // one\n"
	returns := "package main\n\nfunc text() string { return value }\n"
	other := "package main\n\nfunc main() { println(value) }\n"
	tests := []struct {
		name  string
		list  []string
		files []string // besides main.go
		edits string   // which file holds the text
	}{
		{"plugin", []string{"main.go", "plugin.go"}, []string{"plugin.go", text}, "plugin.go"},
		{
			"several mains", []string{"main.go", "lib.go"},
			[]string{"lib.go", text, "b.go", other, "a.go", other}, "lib.go",
		},
		{
			"constants", []string{"main.go", "lib.go", "value.go"},
			[]string{"lib.go", returns, "value.go", constants, "b.go", other}, "value.go",
		},
		{
			"tag that is off", []string{"main.go", "lib.go"},
			[]string{"lib.go", "//go:build ignore\n\n" + text}, "lib.go",
		},
	}
	for _, test := range tests {
		for _, verb := range []string{"run", "build"} {
			test, verb := test, verb
			t.Run("go "+verb+" "+test.name, func(t *testing.T) {
				t.Parallel()
				m := newModule(t, append([]string{"main.go", teller}, test.files...)...)
				if verb == "run" && runtime.GOOS == "linux" { // where go run can be asked for its list
					m.write("other.go", "package main\n\nno Go at all\n")
				}
				p := m.startAs([]string{debug}, append([]string{verb}, test.list...)...)
				p.awaitAnywhere(proved)
				p.await("^text 1 ")
				m.write("new.go", "package main\n\nno Go at all\n")
				m.edit(test.edits, "// one", "// two")
				p.await(same)
				m.edit(test.edits, `"1"`, `"2"`)
				p.await("^text 2 ")
				p.leave()
				p.expect(2, "^text ")
				p.expect(2, building)
			})
		}
	}
}

// The list was edited before the first build: what runs is none of what may be built, and yet it is
// known what to build.
func TestFirstEditOfAListOfFiles(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "lib.go", text, "b.go", "package main\n\nfunc main() {}\n")
	exe := filepath.Join(t.TempDir(), "app.exe")
	m.goTool(nil, "build", "-o", exe, "main.go", "lib.go")
	m.replace("lib.go", `"1"`, `"2"`)
	p := m.launch(exe, nil)
	p.await("^text 1 ")
	p.await(anew)
	p.await("^text 2 ")
	p.leave()
}

// A listing that hangs beside a build does not keep what was built from running.
func TestListHangsBesideTheBuild(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no scripts")
	}
	m := newModule(t, "main.go", teller, "text.go", text)
	exe, bin := m.build(), t.TempDir()
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = list ] && [ -e %s ]; then exec sleep 600; fi\nexec %s \"$@\"\n", filepath.Join(bin, "hang"), goCommand)
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	p := m.launch(exe, []string{debug, "PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH")})
	p.await("^text 1 ")
	p.await(proved)
	if err := os.WriteFile(filepath.Join(bin, "hang"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	p.leave()
}
