package gotool

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A list of files was built, in a directory with other programs: which files they were is found out.
func TestReproduceOneOfSeveral(t *testing.T) {
	const constant = "package main\n\nconst word = \"x\"\n"
	tests := map[string]struct {
		files []string // what is in the directory besides a.go and b.go
		build []string
		given []string
	}{
		"alone":                 {nil, []string{"a.go"}, nil},
		"with code":             {[]string{"lib.go", "package main\n\nfunc init() { print() }\n"}, []string{"a.go", "lib.go"}, nil},
		"without that code":     {[]string{"lib.go", "package main\n\nfunc init() { print() }\n"}, []string{"a.go"}, nil},
		"with constants":        {[]string{"lib.go", constant, "more.go", "package main\n\nvar _ = word\n"}, []string{"a.go", "lib.go", "more.go"}, nil},
		"with what is not used": {[]string{"lib.go", constant, "more.go", "package main\n\nfunc init() { print() }\n"}, []string{"a.go", "lib.go"}, []string{"a.go", "lib.go"}},
	}
	for name, test := range tests {
		test := test
		t.Run(name, func(t *testing.T) {
			for _, how := range []string{"build", "run"} {
				m := newModule(t, append([]string{"a.go", hello, "b.go", strings.Replace(hello, "print(", "println(", 1)}, test.files...)...)
				exe := m.build(append([]string{how}, test.build...)...)
				r := m.recipe(exe, m.run(nil, exe), how == "run")
				if test.given != nil {
					r = New(appInfo(), m.path("a.go"), how == "run")
					r.path, r.targets, r.Files = "command-line-arguments", []string{"a.go"}, test.given
					r.Env = m.env
					if err := r.Resolve(context.Background(), exe, m.dir); err != nil {
						t.Fatal(err)
					}
				}
				running := m.id(r, exe)
				if id := m.makes(r, running); id != running {
					t.Errorf("go %s: what runs has ID %s, what was reproduced %s", how, running, id)
				}
				if id := m.makes(r, ""); how == "build" && id != running {
					t.Errorf("then Make makes %s", id)
				}
			}
		})
	}
}

// The sources have changed since, so no list reproduces what runs. What is built then is made of the
// same files all the same: another list may build too, and make another program.
func TestTheSourcesOfAListHaveChanged(t *testing.T) {
	m := newModule(t, "a.go", hello, "b.go", hello, "lib.go", "package main\n\nfunc init() { print(\"lib \") }\n")
	exe := m.build("build", "a.go", "lib.go")
	r := m.recipe(exe, m.path("a.go"), false)
	running := m.id(r, exe)
	m.replace("a.go", "print(file)", "print(\"changed\", file[:0])")
	for _, id := range []string{running, ""} {
		said, out, err := m.tries(r, id)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		if m.id(r, out) == running {
			t.Error("the edit does not count")
		}
		if got := m.run(nil, out); got != "lib changed" {
			t.Errorf("what was built says %q", got)
		}
	}
}

// As above, and the likeliest list does not even build: one of its files, of constants, has left no
// trace in the executable.
func TestTheSourcesOfAListWithConstantsHaveChanged(t *testing.T) {
	m := newModule(t, "a.go", hello, "b.go", hello, "lib.go", "package main\n\nconst word = \"lib \"\n")
	m.replace("a.go", "print(file)", "print(word, file)")
	exe := m.build("build", "a.go", "lib.go")
	r := m.recipe(exe, m.path("a.go"), false)
	m.replace("a.go", "print(word, file)", "print(word, \"changed\", file[:0])")
	for _, id := range []string{m.id(r, exe), ""} {
		said, out, err := m.tries(r, id)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		if got := m.run(nil, out); got != "lib changed" {
			t.Errorf("what was built says %q", got)
		}
	}
}

// No list builds: what the compiler says of the likeliest is printed, and what helps.
func TestNoListBuilds(t *testing.T) {
	m := newModule(t, "a.go", hello, "b.go", hello, "lib.go", "package main\n\nfunc init() { print() }\n")
	exe := m.build("build", "a.go", "lib.go")
	r := m.recipe(exe, m.path("a.go"), false)
	running := m.id(r, exe)
	m.replace("a.go", "print(file)", "print(nothing)")
	if _, _, err := m.tries(r, running); err == nil {
		t.Error("what runs is reproduced")
	}
	said, _, err := m.tries(r, "")
	if err == nil || !strings.Contains(said, "a.go:9:8: undefined: nothing") || !strings.Contains(said, `"go run ."`) {
		t.Errorf("error %v\n%s", err, said)
	}
	// It is mended.
	m.replace("a.go", "print(nothing)", "print(file)")
	if id := m.makes(r, running); id != running {
		t.Errorf("what runs has ID %s, what was reproduced %s", running, id)
	}
}

// As long as it is not known which files are of the program, all that may be are watched.
func TestListed(t *testing.T) {
	m := newModule(t, "a.go", hello, "b.go", hello, "lib.go", "package main\n\nfunc init() { print() }\n")
	exe := m.build("build", "a.go", "lib.go")
	r := m.recipe(exe, m.path("a.go"), false)
	listed := func() (names []string) {
		t.Helper()
		roots, err := r.List(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, root := range roots {
			if filepath.Dir(root.Path) == m.dir && filepath.Ext(root.Path) == ".go" {
				names = append(names, filepath.Base(root.Path))
			}
		}
		slices.Sort(names)
		return names
	}
	if got, want := listed(), []string{"a.go", "b.go", "lib.go"}; !slices.Equal(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
	m.makes(r, m.id(r, exe))
	if got, want := listed(), []string{"a.go", "lib.go"}; !slices.Equal(got, want) {
		t.Errorf("then %s, want %s", got, want)
	}
}

// The lists of files that a program may have been built from, the likeliest first.
func TestFileLists(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.go": "package main\n\nfunc main() {}\n", "b.go": "package main\n\nfunc main() {}\n",
		"lib.go": "package main\n\n// func main()\n", "a_test.go": "", ".hidden.go": "", "README": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	exe := filepath.Join(t.TempDir(), "exe")
	all := []string{"a.go", "b.go", "lib.go"}
	tests := []struct {
		named []string // in the executable
		given []string
		main  string
		want  [][]string
	}{
		{[]string{"a.go", "lib.go"}, nil, "a.go", [][]string{{"a.go", "lib.go"}, all, {"a.go"}}},
		{[]string{"a.go"}, nil, "a.go", [][]string{{"a.go"}, {"a.go", "lib.go"}, all}},
		{[]string{"b.go"}, nil, "b.go", [][]string{{"b.go"}, {"b.go", "lib.go"}, all}},
		{all, nil, "a.go", [][]string{all, {"a.go", "lib.go"}, {"a.go"}}},
		{all, nil, "b.go", [][]string{{"b.go", "a.go", "lib.go"}, all, {"b.go", "lib.go"}, {"b.go"}}},
		{nil, nil, "a.go", [][]string{{"a.go", "lib.go"}, all, {"a.go"}}},
		{[]string{"lib.go"}, nil, "a.go", [][]string{{"a.go", "lib.go"}, all, {"a.go"}}},
		{[]string{"a.go"}, []string{"lib.go", "a.go", "away.go"}, "a.go", [][]string{{"lib.go", "a.go"}, {"a.go"}, {"a.go", "lib.go"}, all}},
		{[]string{"a.go"}, []string{"lib.go"}, "a.go", [][]string{{"a.go"}, {"a.go", "lib.go"}, all}},
		{[]string{"gone.go"}, nil, "gone.go", [][]string{{"gone.go"}}},
	}
	for _, test := range tests {
		content := "\x00"
		for _, name := range test.named {
			content += filepath.ToSlash(filepath.Join(dir, name)) + "\x00"
		}
		content += filepath.ToSlash(filepath.Join(dir, "b.go")) + "/x\x00" // another name
		if err := os.WriteFile(exe, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
		if got := fileLists(dir, exe, test.main, test.given); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s of %s, given %s: %s, want %s", test.main, test.named, test.given, got, test.want)
		}
	}
	if got, want := fileLists(filepath.Join(dir, "gone"), exe, "a.go", nil), [][]string{{"a.go"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("without a directory: %s, want %s", got, want)
	}
}

// The module gets another name, and with it every package.
func TestRenamedModule(t *testing.T) {
	m := newModule(t, "cmd/app/main.go", "package main\n\nimport \"example.com/app/lib\"\n\nfunc main() { lib.Say() }\n",
		"lib/lib.go", "package lib\n\nfunc Say() { print(\"said\") }\n")
	exe := m.build("build", "./cmd/app")
	r := m.recipe(exe, m.path("cmd/app/main.go"), false)
	m.write("go.mod", "module example.com/other\n\ngo 1.21\n")
	if said, _, err := m.tries(r, ""); err == nil {
		t.Errorf("the old import builds: %s", said)
	}
	m.replace("cmd/app/main.go", "example.com/app", "example.com/other")
	_, out, err := m.tries(r, "")
	if err != nil || m.run(nil, out) != "said" {
		t.Fatal(err)
	}
	if roots, err := r.List(context.Background()); err != nil || len(roots) < 3 {
		t.Errorf("the list is %v, %v", roots, err)
	}
}
