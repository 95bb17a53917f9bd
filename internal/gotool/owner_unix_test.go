//go:build unix

package gotool

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mode is a directory of the tree of TestCheckOwner, and its mode.
type mode struct {
	dir  string
	mode os.FileMode
}

// ownerTree makes a module in up/app with main in cmd/x.
func ownerTree(t *testing.T, modes ...mode) (path func(string) string) {
	t.Helper()
	top := t.TempDir()
	path = func(name string) string { return filepath.Join(top, filepath.FromSlash(name)) }
	for _, dir := range []string{"up/app/cmd/x", "up/app/lib", "elsewhere"} {
		if err := os.MkdirAll(path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path("up/app/go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path("up/app"), path("link")); err != nil {
		t.Fatal(err)
	}
	for _, m := range modes {
		if err := os.Chmod(path(m.dir), m.mode); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Others can write to the directory of package main or to one above it, up to that of the module:
// nothing is built there, unless the user stands there.
func TestCheckOwner(t *testing.T) {
	const open = os.FileMode(0o777)
	tests := []struct {
		name  string
		modes []mode
		stand string
		want  string // the directory that is complained of
	}{
		{"nobody else can write", nil, "elsewhere", ""},
		{"to the directory", []mode{{"up/app/cmd/x", open}}, "elsewhere", "up/app/cmd/x"},
		{"to the one above", []mode{{"up/app/cmd", open}}, "elsewhere", "up/app/cmd"},
		{"to the module", []mode{{"up/app", open}}, "elsewhere", "up/app"},
		{"above the module", []mode{{"up", open}}, "elsewhere", ""},
		{"beside it", []mode{{"up/app/lib", open}}, "elsewhere", ""},
		{"a sticky bit does not help", []mode{{"up/app", open | os.ModeSticky}}, "elsewhere", "up/app"},
		{"the group can", []mode{{"up/app", 0o775}}, "elsewhere", ""},
		{"the user stands there", []mode{{"up/app/cmd/x", open}}, "up/app/cmd/x", ""},
		{"in the module", []mode{{"up/app", open}}, "up/app", ""},
		{"in another part of the module", []mode{{"up/app/cmd", open}}, "up/app/lib", ""},
		{"by another name", []mode{{"up/app/cmd", open}}, "link/lib", ""},
		{"above it", []mode{{"up/app", open}}, "up", "up/app"},
		{"in a directory that is gone", []mode{{"up/app", open}}, "up/gone", "up/app"},
	}
	for _, test := range tests {
		path := ownerTree(t, test.modes...)
		err := new(Recipe).checkOwner(path("up/app/cmd/x"), path(test.stand))
		if test.want == "" && err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if text := "can write to " + path(test.want) + ","; test.want != "" && (err == nil || !strings.Contains(err.Error(), text)) {
			t.Errorf("%s: error %v, want that somebody %s", test.name, err, text)
		}
		for name, r := range map[string]*Recipe{"Chosen": {Chosen: true}, "go run": {goRun: true}} {
			if err := r.checkOwner(path("up/app/cmd/x"), path(test.stand)); err != nil {
				t.Errorf("%s, with %s: %v", test.name, name, err)
			}
		}
	}
}

func TestCheckOwnerWithoutAModule(t *testing.T) {
	path := ownerTree(t, mode{"elsewhere", 0o777})
	if err := new(Recipe).checkOwner(path("elsewhere"), path("up")); err == nil {
		t.Error("others can write to the directory")
	}
	if err := new(Recipe).checkOwner(path("elsewhere"), path("elsewhere")); err != nil {
		t.Error(err)
	}
}

// The directories belong to somebody else.
func TestCheckOwnerOfSomebodyElse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only the superuser can give a directory away")
	}
	for _, dir := range []string{"up/app/cmd/x", "up/app/cmd", "up/app"} {
		path := ownerTree(t)
		if err := os.Chown(path(dir), 65534, 0); err != nil {
			t.Fatal(err)
		}
		if err := new(Recipe).checkOwner(path("up/app/cmd/x"), path("elsewhere")); err == nil || !strings.Contains(err.Error(), path(dir)+",") {
			t.Errorf("%s: error %v", dir, err)
		}
		if err := new(Recipe).checkOwner(path("up/app/cmd/x"), path("up/app")); err != nil {
			t.Errorf("where the user stands: %v", err)
		}
	}
}

// Nothing runs there, neither the go command nor one of the user's: that would read what others have
// written, a makefile say.
func TestNothingRunsWhereOthersCanWrite(t *testing.T) {
	goCommand(t)
	path := ownerTree(t, mode{"up/app", 0o777})
	for name, r := range map[string]*Recipe{
		"go build":        {},
		"a command":       {Build: []string{"make"}},
		"without a go":    {Build: []string{"make"}, Env: []string{"PATH="}},
		"without a trace": {Build: []string{"make"}, missing: os.ErrInvalid},
	} {
		r.Dir = path("up/app/cmd/x")
		if r.Env == nil {
			r.Env = environ()
		}
		ctx := context.Background()
		if err := r.Resolve(ctx, executable(t), path("elsewhere")); err == nil || !strings.Contains(err.Error(), "other users can write to") || r.CanBuild() {
			t.Errorf("%s: error %v, CanBuild is %t", name, err, r.CanBuild())
		}
		// Then somebody mends it.
		if err := os.Chmod(path("up/app"), 0o755); err != nil {
			t.Fatal(err)
		}
		r.Resolve(ctx, executable(t), path("elsewhere"))
		if !r.CanBuild() {
			t.Errorf("%s: CanBuild is false, though nobody else can write", name)
		}
		if err := os.Chmod(path("up/app"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

// A module that was found from where the executable lies is looked at as well.
func TestFoundModuleOfOthers(t *testing.T) {
	m := newModule(t, "main.go", hello)
	if err := os.Chmod(m.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	r := New(appInfo(), "example.com/app/main.go", false)
	r.Env = m.env
	resolves(t, r, "other users can write to "+m.dir, t.TempDir(), m.dir)
	resolves(t, r, "", m.dir)
}

// Nor does the go command run where others may say, in a go.work, what the program is built from.
func TestWorkspaceOfOthers(t *testing.T) {
	m := newModule(t, "main.go", hello)
	for mode, others := range map[os.FileMode]bool{0o755: false, 0o777: true} {
		there := t.TempDir()
		if err := os.WriteFile(filepath.Join(there, "go.work"), []byte("go 1.21\n\nuse "+m.dir+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(there, mode); err != nil {
			t.Fatal(err)
		}
		r := New(appInfo(), m.path("main.go"), false)
		r.Env = append(m.env, "GOWORK=")
		resolves(t, r, "", there)
		if r.Where() == there == others {
			t.Errorf("mode %o: the go command runs in %s", mode, r.Where())
		}
	}
}
