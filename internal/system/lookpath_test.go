package system

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLookPath(t *testing.T) {
	a, b, empty := t.TempDir(), t.TempDir(), t.TempDir()
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	put := func(dir, name string, mode os.FileMode) string {
		t.Helper()
		name = filepath.Join(dir, name+suffix)
		check(t, os.WriteFile(name, nil, mode))
		return name
	}
	inA, inB := put(a, "tool", 0o700), put(b, "tool", 0o700)
	onlyB := put(b, "only", 0o700)
	put(a, "only", 0o600) // may not be executed
	check(t, os.Mkdir(filepath.Join(a, "dir"), 0o700))
	t.Setenv("PATH", a)
	before, err := os.Getwd()
	check(t, err)
	check(t, os.Chdir(a))
	defer os.Chdir(before)

	list := func(dirs ...string) string { return strings.Join(dirs, string(os.PathListSeparator)) }
	tests := []struct{ name, path, want string }{
		{"tool", a, inA},
		{"tool", list(a, b), inA},
		{"tool", list(b, a), inB},
		{"tool", list(empty, filepath.Join(empty, "missing"), b), inB},
		{"only", list(a, b), onlyB},
		{"tool", empty, ""},
		{"dir", a, ""},
		{"missing", list(a, b), ""},
		// What depends on the current directory, or on the PATH of this process.
		{"tool", "", ""},
		{"tool", ".", ""},
		{"tool", list("", ".", "..", "sub", b), inB},
		{"tool", list("", filepath.Base(a), "./"), ""},
	}
	for _, test := range tests {
		if runtime.GOOS == "windows" && test.name == "only" {
			continue // there is no such permission
		}
		got, err := LookPath(test.name, test.path)
		if !strings.EqualFold(got, test.want) || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("%s in %q: %q, error %v, want %q", test.name, test.path, got, err, test.want)
		}
	}
}

func TestExists(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	check(t, os.WriteFile(file, nil, 0o600))
	if err := os.Symlink(filepath.Join(dir, "missing"), link); err != nil {
		link = file
	}
	for name, want := range map[string][2]bool{
		dir: {true, true}, file: {true, false}, link: {true, false}, filepath.Join(dir, "missing"): {false, false},
		filepath.Join(file, "below"): {false, false}, "": {false, false},
	} {
		if got := [2]bool{Exists(name), IsDir(name)}; got != want {
			t.Errorf("%q: Exists and IsDir are %v, want %v", name, got, want)
		}
	}
}
