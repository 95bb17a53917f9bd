package say

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestLineAndText(t *testing.T) {
	cmd, stdout := talk(t)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	wantDone(t, err, stdout)
	if stderr.String() != said {
		t.Errorf("%q, want %q", &stderr, said)
	}
}

// Whoever has read standard error is gone: the program is not.
func TestNobodyReadsAnyMore(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	cmd, stdout := talk(t)
	cmd.Stderr = w
	check(t, r.Close())
	err = cmd.Run()
	check(t, w.Close())
	wantDone(t, err, stdout)
}

// Whoever is to read standard error does not: the program goes on.
func TestNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	defer w.Close()
	fillPipe(t, w)
	cmd, stdout := talk(t)
	cmd.Stderr = w
	err = cmd.Run()
	wantDone(t, err, stdout)
}

// The compiler's paths are printed for where the user stands.
func TestRelocate(t *testing.T) {
	top := t.TempDir()
	app := filepath.Join(top, "src", "app")
	check(t, os.MkdirAll(filepath.Join(app, "sub"), 0o755))
	for _, name := range []string{"main.go", "sub/x.go", "../lib.go"} {
		check(t, os.WriteFile(filepath.Join(app, name), nil, 0o644))
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
		if got := string(Relocate([]byte(test.said), app, test.to)); got != test.want {
			t.Errorf("%q seen from %s is %q, want %q", test.said, test.to, got, test.want)
		}
	}
	// All lines, with their ends.
	said := native("# example.com/app\n./main.go:1:1: one\r\n./main.go:2:2: two\n")
	want := native("# example.com/app\napp/main.go:1:1: one\r\napp/main.go:2:2: two\n")
	if got := string(Relocate([]byte(said), app, filepath.Dir(app))); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A path is as short as it can be, as long as it says a name.
func TestShort(t *testing.T) {
	top, err := filepath.Abs(string(filepath.Separator))
	check(t, err)
	at := func(path string) string { return filepath.Join(top, filepath.FromSlash(path)) }
	native := filepath.FromSlash
	tests := []struct{ path, from, want string }{
		{at("src/app/main.go"), at("src/app"), "main.go"},
		{at("src/app/sub/x.go"), at("src/app"), native("sub/x.go")},
		{at("src/lib/x.go"), at("src/app"), native("../lib/x.go")},
		{at("x.go"), at("src/app/sub/deep"), at("x.go")}, // shorter than ../../../../x.go
		{at("etc/app.conf"), at("home/me/src/app"), at("etc/app.conf")},
		{at("src/app"), at("src/app"), at("src/app")},
		{at("home/me/src"), at("home/me/src/app"), at("home/me/src")},
		{at("home/me/source/code"), at("home/me/source/code/app/sub"), at("home/me/source/code")},
		{at("src/app"), at("src"), "app"},
		{at("src/..app"), at("src"), "..app"},
		{"main.go", at("src"), "main.go"},
		{at("src/main.go"), "", at("src/main.go")},
	}
	for _, test := range tests {
		if got := Short(test.path, test.from); got != test.want {
			t.Errorf("%s seen from %s is %s, want %s", test.path, test.from, got, test.want)
		}
	}
}
