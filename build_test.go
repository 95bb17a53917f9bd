package restarter

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
)

// settingsOf makes what the linker records out of key, value, key, value…
func settingsOf(pairs ...string) (all []debug.BuildSetting) {
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
	}
	return all
}

// The shapes are what go1.26 records on linux/amd64, shortened where it says the same thing again.
func TestNewRecipe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "app")
	file := filepath.Join(dir, "main.go")
	app := debug.Module{Path: "example.com/app", Version: "(devel)"}
	usual := []string{"-buildmode=exe", "-compiler=gc"}
	tests := []struct {
		name     string
		info     debug.BuildInfo
		mainFile string
		goRun    bool
		want     recipe
		warned   bool
	}{
		{
			name: "go build",
			info: debug.BuildInfo{Path: "example.com/app/cmd/x", Main: app, Settings: settingsOf(
				"-buildmode", "exe", "-compiler", "gc", "DefaultGODEBUG", "panicnil=1",
				"CGO_ENABLED", "1", "CGO_CFLAGS", "", "GOARCH", "amd64", "GOOS", "linux", "GOAMD64", "v1",
				"vcs", "git", "vcs.revision", "0123", "vcs.modified", "true")},
			mainFile: file,
			want: recipe{
				Dir: dir, Module: "example.com/app", Targets: []string{"example.com/app/cmd/x"},
				Env:   []string{"CGO_ENABLED=1", "CGO_CFLAGS=", "GOARCH=amd64", "GOOS=linux", "GOAMD64=v1"},
				Flags: append(usual, "-buildvcs=false"),
			},
		},
		{
			name: "flags with spaces and commas",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-buildmode", "exe", "-compiler", "gc", "-gcflags", "all=-N -l", "-ldflags", "-X 'main.v=1 2' -w",
				"-race", "true", "-tags", "a,b", "CGO_CFLAGS", "-O1 -g", "GOEXPERIMENT", "nogreenteagc")},
			mainFile: file,
			want: recipe{
				Dir: dir, Module: "example.com/app", Targets: []string{"example.com/app"},
				Env: []string{"CGO_CFLAGS=-O1 -g", "GOEXPERIMENT=nogreenteagc"},
				Flags: append(usual, "-gcflags=all=-N -l", "-race=true", "-tags=a,b",
					"-ldflags=-X 'main.v=1 2' -w", "-buildvcs=false"),
			},
		},
		{
			name:     "go run",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-buildmode", "exe", "-compiler", "gc")},
			mainFile: file,
			goRun:    true,
			want: recipe{
				Dir: dir, Module: "example.com/app", Targets: []string{"example.com/app"},
				Flags: append(usual, "-ldflags=-s -w", "-buildvcs=false"),
			},
		},
		{
			name:     "go run -ldflags",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-ldflags", "-X main.v=1")},
			mainFile: file,
			goRun:    true,
			want: recipe{
				Dir: dir, Module: "example.com/app", Targets: []string{"example.com/app"},
				Flags: []string{"-ldflags=-X main.v=1 -s -w", "-buildvcs=false"},
			},
		},
		{
			name:     "go run main.go",
			info:     debug.BuildInfo{Path: "command-line-arguments"},
			mainFile: file,
			want:     recipe{Dir: dir, Targets: []string{"main.go", "."}, Flags: []string{"-buildvcs=false"}},
		},
		{
			name:     "-trimpath",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-trimpath", "true")},
			mainFile: "example.com/app/main.go",
			want: recipe{
				Module: "example.com/app", Targets: []string{"example.com/app"},
				Flags: []string{"-trimpath=true", "-buildvcs=false"},
			},
			warned: true,
		},
		{
			name:     "-trimpath=false",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-trimpath", "false")},
			mainFile: file,
			want: recipe{
				Dir: dir, Module: "example.com/app", Targets: []string{"example.com/app"},
				Flags: []string{"-trimpath=false", "-buildvcs=false"},
			},
		},
		{
			name:     "files with -trimpath",
			info:     debug.BuildInfo{Path: "command-line-arguments", Settings: settingsOf("-trimpath", "true")},
			mainFile: "./main.go",
			want: recipe{
				Dead: `built from a list of files with -trimpath; use "go run ."`, Targets: []string{"main.go", "."},
				Flags: []string{"-trimpath=true", "-buildvcs=false"},
			},
			warned: true,
		},
		{
			name: "profile",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-pgo", filepath.Join(dir, "default.pgo"))},
			want: recipe{Module: "example.com/app", Targets: []string{"example.com/app"}, Flags: []string{"-buildvcs=false"}},
		},
		{
			name: "profile of another name",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-pgo", filepath.Join(dir, "cpu.pprof"))},
			want: recipe{
				Module: "example.com/app", Targets: []string{"example.com/app"},
				Flags: []string{"-pgo=" + filepath.Join(dir, "cpu.pprof"), "-buildvcs=false"},
			},
		},
	}
	for _, test := range tests {
		info := test.info
		got, warning := newRecipe(&info, test.mainFile, test.goRun)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n%+v, want\n%+v", test.name, got, test.want)
		}
		if (warning != "") != test.warned {
			t.Errorf("%s: warning %q", test.name, warning)
		}
	}
}

// Programs are the same if their content is, whatever the rest of the build ID says.
func TestContentID(t *testing.T) {
	id := func(content string) string {
		t.Helper()
		name := filepath.Join(t.TempDir(), "exe")
		if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
		id, err := contentID(name)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	note := func(id string) string {
		return "\x7fELF\x04\x00\x00\x00\x53\x00\x00\x00\x04\x00\x00\x00Go\x00\x00" + id + "\x00rest"
	}
	text := func(id string) string { return "MZ\xff Go build ID: \"" + id + "\"\n \xff rest" }
	tests := []struct {
		name, content, want string
	}{
		{"note", note("a/b/c/d"), "d"},
		{"text", text("a/b/c/d"), "d"},
		{"a name that looks like the note", "Go\x00\x00vendor\x00" + note("a/b/c/d"), "d"},
		{"our own search string", "\xff Go build ID: \"\x00" + text("a/b/c/d"), "d"},
		{"note without an end", "Go\x00\x00a/b/c/d", id("Go\x00\x00a/b/c/d")},
	}
	for _, test := range tests {
		if test.want == "d" { // with the size, since something may be appended
			test.want = fmt.Sprint("d:", len(test.content))
		}
		if got := id(test.content); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if id(note("a/b/c/d")) == id(note("a/b/c/d")+"assets") {
		t.Error("what is appended does not count")
	}
	plain := note("")
	switch {
	case id(plain) != id(plain):
		t.Error("the same bytes differ")
	case id(plain) == id(plain+"x"), id(plain) == id(strings.Replace(plain, "rest", "tser", 1)):
		t.Error("other bytes are the same")
	}
	long := strings.Repeat("x", 200<<10)
	if id(long) == id(long+"x") || id(long+"x") == id(long+"y") {
		t.Error("the end of a long file does not count")
	}
	empty := filepath.Join(t.TempDir(), "empty") // as a copy is that has just begun
	if err := os.WriteFile(empty, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if id, err := contentID(empty); err == nil || id != "" {
		t.Errorf("an empty file has ID %q, error %v", id, err)
	}
	if id, err := contentID(filepath.Join(t.TempDir(), "missing")); err == nil || id != "" {
		t.Errorf("a missing file has ID %q, error %v", id, err)
	}
	// What runs these tests was linked by the go command.
	if id, err := contentID(executable(t)); err != nil || strings.IndexByte(id, ':') != 20 {
		t.Errorf("this program has ID %q, error %v", id, err)
	}
}

// The compiler's paths are printed for where the user stands.
func TestRelocate(t *testing.T) {
	top := t.TempDir()
	app := filepath.Join(top, "src", "app")
	if err := os.MkdirAll(filepath.Join(app, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.go", "sub/x.go", "../lib.go"} {
		if err := os.WriteFile(filepath.Join(app, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	native := filepath.FromSlash
	tests := []struct{ said, to, want string }{
		{native("./main.go:3:4: no"), app, native("./main.go:3:4: no")},
		{native("./main.go:3:4: no"), filepath.Dir(app), native("app/main.go:3:4: no")},
		{native("./main.go:3:4: no"), filepath.Join(app, "sub"), native("../main.go:3:4: no")},
		{native("sub/x.go:3:4: no"), filepath.Join(app, "sub"), native("./x.go:3:4: no")},
		{native("../lib.go:1:1: no"), filepath.Dir(app), native("./lib.go:1:1: no")},
		{native("\t./main.go:3:4: declared here"), filepath.Dir(app), native("\tapp/main.go:3:4: declared here")},
		{"# example.com/app", top, "# example.com/app"},
		{"go: no such tool: x", top, "go: no such tool: x"},
		{"missing.go:1:1: no", top, "missing.go:1:1: no"},
		{filepath.Join(app, "main.go") + ":3:4: no", top, filepath.Join(app, "main.go") + ":3:4: no"},
		{"", top, ""},
	}
	for _, test := range tests {
		if got := string(relocate([]byte(test.said), app, test.to)); got != test.want {
			t.Errorf("%q seen from %s is %q, want %q", test.said, test.to, got, test.want)
		}
	}
	// All lines, with their ends.
	said := native("# example.com/app\n./main.go:1:1: one\n./main.go:2:2: two\n")
	want := native("# example.com/app\napp/main.go:1:1: one\napp/main.go:2:2: two\n")
	if got := string(relocate([]byte(said), app, filepath.Dir(app))); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
