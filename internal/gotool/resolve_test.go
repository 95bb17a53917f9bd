package gotool

import (
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

const hello = `package main

import "runtime"

var version = "1"

func main() {
	_, file, _, _ := runtime.Caller(0)
	print(file)
}
`

func appInfo(settings ...string) *debug.BuildInfo {
	return &debug.BuildInfo{Path: "example.com/app", Main: debug.Module{Path: "example.com/app"}, Settings: settingsOf(settings...)}
}

// resolves has a recipe resolve itself, and compares the error; "" is none.
func resolves(t *testing.T, r *Recipe, want string, elsewhere ...string) {
	t.Helper()
	err := r.Resolve(context.Background(), executable(t), elsewhere...)
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want %q", err, want)
	}
	if built := want == "" || len(r.Build) > 0; r.CanBuild() != built {
		t.Errorf("CanBuild is %t, after error %v", !built, err)
	}
	if found := want == ""; (r.Command() != "") != found {
		t.Errorf("the go command is %q, after error %v", r.Command(), err)
	}
}

func TestResolve(t *testing.T) {
	goCommand(t)
	dir, other := t.TempDir(), t.TempDir()
	recipe := func(info *debug.BuildInfo) *Recipe {
		r := New(info, filepath.Join(dir, "main.go"), false)
		r.Env = environ()
		return r
	}
	r := recipe(appInfo())
	resolves(t, r, "", other)
	if r.Dir != dir {
		t.Errorf("the directory is %s, want that of main.go, %s", r.Dir, dir)
	}

	resolves(t, recipe(nil), "does not say how it was built", other)
	r = recipe(nil)
	r.Build = []string{"make"}
	resolves(t, r, "does not say how it was built", other)

	// One may be installed later.
	r = recipe(appInfo())
	r.Env = append(environ(), "PATH="+other, "path="+other)
	resolves(t, r, "no go command in PATH", other)
	r.Env = environ()
	resolves(t, r, "", other)
}

// A command of the user's runs where the user stands, if nothing better is known, and needs no go
// command.
func TestResolveWithACommand(t *testing.T) {
	here := t.TempDir()
	r := New(appInfo("-trimpath", "true"), "example.com/app/main.go", false)
	r.Build, r.Env = []string{"make"}, environ("PATH="+here, "path="+here)
	resolves(t, r, "no go command in PATH", here)
	if r.Dir != here {
		t.Errorf("the directory is %s, want %s", r.Dir, here)
	}
}

// Without the file of main.main, or with one that is gone, the module is found from where the
// user stands or from where the executable lies.
func TestResolveFindsTheModule(t *testing.T) {
	m := newModule(t, "main.go", hello, "sub/sub.go", "package sub\n")
	other, gone := t.TempDir(), filepath.Join(t.TempDir(), "gone", "main.go")
	for _, file := range []string{"example.com/app/main.go", gone} {
		for _, elsewhere := range [][]string{{m.dir}, {m.path("sub"), other}, {other, m.dir}, {filepath.Dir(gone), m.dir}} {
			r := New(appInfo(), file, false)
			r.Env = m.env
			resolves(t, r, "", elsewhere...)
			if r.Dir != m.dir {
				t.Errorf("%s, from %s: the directory is %s, want %s", file, elsewhere, r.Dir, m.dir)
			}
		}
		r := New(appInfo(), file, false)
		r.Env = m.env
		resolves(t, r, "the sources of example.com/app are not here", other, other)
		m.write("go.mod", "module example.com/another\n")
		resolves(t, r, "the sources of example.com/app are not here", m.dir, other)
		m.write("go.mod", "module example.com/app\n")
		resolves(t, r, "", m.dir, other)
	}
}

// What go install has built is of a version, whose sources do not change. A directory elsewhere may have such a name too.
func TestResolveInTheModuleCache(t *testing.T) {
	goCommand(t)
	here := t.TempDir()
	for dir, cached := range map[string]bool{
		"cache/example.com/app@v1.2.3":                                 true,
		"cache/example.com/app@v0.0.0-20200102030405-0123456789ab/sub": true,
		"example.com/app@v1.2.3":                                       false,
		"cache2/app@v1.2.3":                                            false,
	} {
		file := filepath.Join(here, filepath.FromSlash(dir), "main.go")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		want := ""
		if cached {
			want = "in the module cache"
		}
		r := New(appInfo(), file, false)
		r.Env = environ("GOMODCACHE=" + filepath.Join(here, "cache"))
		resolves(t, r, want, t.TempDir())
		r.Chosen = true
		resolves(t, r, "", t.TempDir())
	}
}

// The go command runs where the user has run it, if it finds the same package in the same role there.
func TestResolveWhere(t *testing.T) {
	m := newModule(t, "main.go", hello, "sub/sub.go", "package sub\n")
	other := newModule(t, "main.go", hello)
	other.write("go.mod", "module example.com/other\n\ngo 1.21\n\nrequire example.com/app v0.0.0\n\nreplace example.com/app => "+m.dir+"\n")
	outside := t.TempDir()
	replaced := appInfo()
	replaced.Main.Replace = &debug.Module{Path: m.dir}
	for _, test := range []struct {
		info       *debug.BuildInfo
		goRun      bool
		from, want string
	}{
		{appInfo(), false, m.dir, m.dir},
		{appInfo(), false, m.path("sub"), m.path("sub")},
		{appInfo(), false, outside, m.dir},
		{appInfo(), true, outside, outside},
		{appInfo(), true, filepath.Join(outside, "gone"), m.dir},
		{appInfo(), false, other.dir, m.dir},
		{replaced, false, other.dir, other.dir},
		{replaced, false, outside, ""},
	} {
		r := New(test.info, m.path("main.go"), test.goRun)
		r.Env = m.env
		if test.want == "" {
			resolves(t, r, "was built in a module that replaces example.com/app by a directory; start it there", test.from)
			continue
		}
		resolves(t, r, "", test.from)
		if r.Where() != test.want || r.Dir != m.dir {
			t.Errorf("from %s: the go command runs in %s, want %s; package main is in %s", test.from, r.Where(), test.want, r.Dir)
		}
	}
}

// A workspace that is broken for the moment is still that of the program, for all one knows.
func TestResolveWhereItIsBroken(t *testing.T) {
	m, there := newModule(t, "main.go", hello), t.TempDir()
	if err := os.WriteFile(filepath.Join(there, "go.work"), []byte("go 1.21\n\nuse ("), 0o644); err != nil {
		t.Fatal(err)
	}
	r := New(appInfo(), m.path("main.go"), false)
	r.Env = append(m.env, "GOWORK=")
	resolves(t, r, "", there)
	if r.Where() != there {
		t.Errorf("the go command runs in %s, want %s", r.Where(), there)
	}
}

// A directory that the user has named is not replaced by another.
func TestResolveChosen(t *testing.T) {
	m := newModule(t, "main.go", hello)
	for _, build := range [][]string{nil, {"make"}} {
		r := New(appInfo(), "example.com/app/main.go", false)
		r.Env, r.Build, r.Dir, r.Chosen = m.env, build, m.path("missing"), true
		err := r.Resolve(context.Background(), executable(t), m.dir)
		if want := "Launcher.Dir, " + r.Dir + ", is not a directory"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if r.CanBuild() {
			t.Error("it can be built in another directory")
		}
		if err := os.Mkdir(r.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		resolves(t, r, "", m.dir)
		if err := os.Remove(r.Dir); err != nil {
			t.Fatal(err)
		}
	}
}
