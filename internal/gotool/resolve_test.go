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

// What go install has built is of a version, whose sources do not change.
func TestResolveInTheModuleCache(t *testing.T) {
	goCommand(t)
	for dir, cached := range map[string]bool{
		"example.com/app@v1.2.3":                                 true,
		"example.com/app@v0.0.0-20200102030405-0123456789ab/sub": true,
		"joe@vm/app":             false,
		"joe@v2.example.com/app": false,
		"app@v2":                 false,
	} {
		file := filepath.Join(t.TempDir(), filepath.FromSlash(dir), "main.go")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		want := ""
		if cached {
			want = "in the module cache"
		}
		r := New(appInfo(), file, false)
		r.Env = environ()
		resolves(t, r, want, t.TempDir())
		r.Trust = true
		resolves(t, r, "", t.TempDir())
	}
}
