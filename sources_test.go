package restarter

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestGoReads(t *testing.T) {
	for _, name := range []string{"a.go", "a_linux.go", "a.c", "a.h", "a.s", "a.S", "a.cc", "a.syso", "default.pgo", "test.go", "a_test.c"} {
		if !goReads(name) {
			t.Errorf("%s is not read", name)
		}
	}
	for _, name := range []string{"a_test.go", ".a.go", "_a.go", ".a.go.swp", "a.go~", "4913", "a.txt", "go", "a.go.orig", ".#a.go", "cpu.pgo"} {
		if goReads(name) {
			t.Errorf("%s is read", name)
		}
	}
}

func TestJunk(t *testing.T) {
	for _, name := range []string{".a.go.swp", ".a.swo", ".a.swx", "4913", "a.go~", ".#a", "#a#", ".git", ".DS_Store",
		".nfs0001", "a___jb_tmp___", ".goutputstream-X", ".fuse_hidden1"} {
		if !junk(name) {
			t.Errorf("%s is not junk", name)
		}
	}
	for _, name := range []string{"a.go", ".env", ".gitignore", "a.swp.html", "x.swp", "4914", "a#", "git", "~a", ".swift"} {
		if junk(name) {
			t.Errorf("%s is junk", name)
		}
	}
}

// What go list prints for listing, and what is watched for it.
func TestParseList(t *testing.T) {
	at := func(path string) string { return filepath.FromSlash(path) }
	source := func(k kind, path string) root { return root{Kind: k, Source: true, Path: at(path)} }
	modFiles := func(dir string) []root {
		return []root{source(file, dir+"/go.mod"), source(file, dir+"/go.sum"), source(file, dir+"/vendor/modules.txt")}
	}
	list := func(lines ...string) (out string) {
		for _, line := range lines {
			if strings.Contains("drg", line[:1]) { // the paths of files; others have slashes everywhere
				line = at(line)
			}
			out += line + "\n"
		}
		return out
	}
	tests := []struct {
		name string
		out  string
		want []root
	}{
		{name: "nothing", out: ""},
		{
			name: "of the module cache",
			out:  list("pexample.org/x", "d/cache/example.org/x@v1.0.0", "mexample.org/x", "r/cache/example.org/x@v1.0.0", "g/cache/m/x.mod", "edata"),
		},
		{
			name: "beside the module cache",
			out:  list("pexample.org/x", "d/cache2/x"),
			want: []root{source(pkg, "/cache2/x")},
		},
		{
			name: "of the module, with embedded files",
			out:  list("pexample.com/app/sub", "d/src/app/sub", "mexample.com/app", "r/src/app", "g/src/app/go.mod", "epage.*", "eall:tree/x"),
			want: append(append([]root{source(pkg, "/src/app/sub")}, modFiles("/src/app")...),
				source(glob, "/src/app/sub/page.*"), source(glob, "/src/app/sub/tree/x")),
		},
		{
			name: "vendored, without a directory of the module",
			out:  list("pexample.org/x", "d/src/app/vendor/example.org/x", "mexample.org/x", "r", "g"),
			want: []root{source(pkg, "/src/app/vendor/example.org/x")},
		},
		{
			name: "a list of files",
			out:  list("pcommand-line-arguments", "d/src/app", "fmain.go", "fother.go"),
			want: []root{source(file, "/src/app/main.go"), source(file, "/src/app/other.go")},
		},
		{
			name: "imported and not there",
			out: list("pexample.com/app", "d/src/app", "mexample.com/app", "r/src/app", "g/src/app/go.mod",
				"pexample.com/app/later", "d", "pexample.com/apple", "d", "pexample.org/else", "d"),
			want: append(append([]root{source(pkg, "/src/app")}, modFiles("/src/app")...), source(pkg, "/src/app/later")),
		},
		{
			name: "imported and not there, in the module's own directory",
			out:  list("pexample.com/app", "d", "pexample.com/app/cmd", "d/src/app/cmd", "mexample.com/app", "r/src/app", "g"),
			want: []root{source(pkg, "/src/app/cmd"), source(pkg, "/src/app")},
		},
		{
			name: "with the line ends of Windows",
			out:  "pexample.com/app\r\nd" + at("/src/app") + "\r\nepage.html\r\n",
			want: []root{source(pkg, "/src/app"), source(glob, "/src/app/page.html")},
		},
	}
	for _, test := range tests {
		if got := parseList(test.out, at("/cache")); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n%+v, want\n%+v", test.name, got, test.want)
		}
	}
}

func TestModuleFiles(t *testing.T) {
	for _, path := range []string{"", "off", "/dev/null"} {
		if path == "/dev/null" && filepath.Separator != '/' {
			path = "NUL"
		}
		if got := moduleFiles(path); got != nil {
			t.Errorf("%q has %+v", path, got)
		}
	}
	var paths []string
	for _, r := range moduleFiles(filepath.FromSlash("/src/go.work")) {
		paths = append(paths, filepath.ToSlash(r.Path))
	}
	want := []string{"/src/go.work", "/src/go.sum", "/src/vendor/modules.txt", "/src/go.work.sum"}
	if !reflect.DeepEqual(paths, want) {
		t.Errorf("%v, want %v", paths, want)
	}
}

func TestAbove(t *testing.T) {
	top := filepath.VolumeName(t.TempDir()) + string(filepath.Separator)
	var paths []string
	for _, r := range above(filepath.Join(top, "a", "b"), "go.mod", "go.work") {
		if r.Kind != file || !r.Source {
			t.Errorf("%+v", r)
		}
		paths = append(paths, r.Path)
	}
	var want []string
	for _, dir := range []string{filepath.Join(top, "a", "b"), filepath.Join(top, "a"), top} {
		want = append(want, filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.work"))
	}
	if !reflect.DeepEqual(paths, want) {
		t.Errorf("%q, want %q", paths, want)
	}
}
