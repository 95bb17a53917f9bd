package restarter

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Of the module cache, of the standard library and of other packages: what is to be watched.
func TestList(t *testing.T) {
	m := newModule(t,
		"main.go", "package main\n\nimport (\n\"embed\"\n_ \"example.com/app/sub\"\n_ \"example.org/cached\"\n_ \"example.org/local\"\n)\n\n"+
			"//go:embed page.* all:tree/x\nvar _ embed.FS\n\nfunc main() {}\n",
		"page.html", "", "tree/x/.hidden", "", "sub/sub.go", "package sub\n",
		"fresh/go.mod", "module example.org/fresh\n", // of which nothing is there yet
		"local/go.mod", "module example.org/local\n", "local/local.go", "package local\n\nimport _ \"fmt\"\n",
		"proxy/example.org/cached/@v/list", "v1.0.0\n",
		"proxy/example.org/cached/@v/v1.0.0.info", `{"Version":"v1.0.0"}`,
		"proxy/example.org/cached/@v/v1.0.0.mod", "module example.org/cached\n")
	const mod = "module example.com/app\n\ngo 1.21\n\nrequire (\nexample.org/cached v1.0.0\nexample.org/fresh v0.0.0\nexample.org/local v0.0.0\n)\n\n" +
		"replace example.org/local => ./local\n\nreplace example.org/fresh => ./fresh\n"
	m.write("go.mod", mod)
	m.write("other.mod", mod)
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, text := range map[string]string{"go.mod": "module example.org/cached\n", "cached.go": "package cached\n"} {
		f, err := z.Create("example.org/cached@v1.0.0/" + name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(text))
	}
	z.Close()
	m.write("proxy/example.org/cached/@v/v1.0.0.zip", packed.String())
	proxy := filepath.ToSlash(m.path("proxy"))
	t.Setenv("GOPROXY", "file:///"+strings.TrimPrefix(proxy, "/"))
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOFLAGS", "-mod=mod -modcacherw")
	t.Setenv("GOMODCACHE", t.TempDir())

	list := func(target string, flags ...string) (found []string) {
		r := recipe{Command: "go", Dir: m.dir, Targets: []string{target}, Flags: flags}
		roots, err := r.list(context.Background(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range roots {
			rel, err := filepath.Rel(m.dir, r.Path)
			if err != nil || !r.Source || r.Tracked {
				t.Errorf("%+v: %v", r, err)
			}
			if rel = filepath.ToSlash(rel); !strings.HasPrefix(rel, "..") { // go.work may be there too
				found = append(found, fmt.Sprint(r.Kind, " ", rel))
			}
		}
		slices.Sort(found)
		return slices.Compact(found)
	}
	modules := []string{"go.mod", "go.sum", "vendor/modules.txt", "go.work", "local/go.mod", "local/go.sum", "local/vendor/modules.txt"}
	check := func(target string, flags []string, want map[kind][]string) {
		t.Helper()
		var all []string
		for k, paths := range want {
			for _, path := range paths {
				all = append(all, fmt.Sprint(k, " ", path))
			}
		}
		slices.Sort(all)
		if got := list(target, flags...); !slices.Equal(got, all) {
			t.Errorf("%s %s:\n%q, want\n%q", target, flags, got, all)
		}
	}
	t.Setenv("GOWORK", "")
	embedded := []string{"page.*", "tree/x"}
	check(".", nil, map[kind][]string{file: modules, pkg: {".", "sub", "local"}, glob: embedded})
	check("main.go", nil, map[kind][]string{file: append(modules, "main.go"), pkg: {"sub", "local"}, glob: embedded})
	check(".", []string{"-modfile=other.mod"}, map[kind][]string{
		file: append(modules, "other.mod", "other.sum"), pkg: {".", "sub", "local"}, glob: embedded})
	m.write("cgo/main.go", "package main\n\nimport \"C\"\n\nfunc main() {}\n")
	t.Setenv("CGO_ENABLED", "1")
	check("cgo/main.go", nil, map[kind][]string{file: append(slices.Clip(modules[:4]), "cgo/main.go")})
	t.Setenv("GOWORK", "off")
	alone := append(slices.Clone(modules[:3]), modules[4:]...)
	check(".", nil, map[kind][]string{file: alone, pkg: {".", "sub", "local"}, glob: embedded})

	m.replace("sub/sub.go", "sub\n", "sub\n\nimport (\n_ \"example.com/app/later\"\n_ \"example.com/apple\"\n_ \"example.org/fresh\"\n_ \"example.org/local/later\"\n)\n")
	check(".", nil, map[kind][]string{file: append(alone, "fresh/go.mod", "fresh/go.sum", "fresh/vendor/modules.txt"),
		pkg: {".", "sub", "local", "later", "local/later", "fresh"}, glob: embedded})

	m.write("sub/sub.go", "package sub\n")
	t.Setenv("GOFLAGS", "")
	vendor := exec.Command("go", "mod", "vendor")
	vendor.Dir = m.dir
	if out, err := vendor.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	check(".", nil, map[kind][]string{file: {"go.mod", "go.sum", "vendor/modules.txt"},
		pkg: {".", "sub", "vendor/example.org/local", "vendor/example.org/cached"}, glob: embedded})

	m.write("ws/go.work", "go 1.21\n\nuse ..\nuse ../local\n")
	t.Setenv("GOWORK", m.path("ws/go.work"))
	t.Setenv("GOFLAGS", "-modcacherw")
	check(".", nil, map[kind][]string{file: append(alone, "go.work", "ws/go.work", "ws/go.work.sum", "ws/vendor/modules.txt"),
		pkg: {".", "sub", "local"}, glob: embedded})
}

// What go list prints on Windows.
func TestParseList(t *testing.T) {
	got := parseList("p/src/app\r\ng/src/app/page.html\r\nmexample.com/app\t/src/app\t/src/app/go.mod\r\nxexample.com/app/later\r\n", "")
	var want []root
	for _, f := range []struct {
		kind
		path string
	}{{pkg, "/src/app"}, {glob, "/src/app/page.html"}, {file, "/src/app/go.mod"}, {file, "/src/app/go.sum"},
		{file, "/src/app/vendor/modules.txt"}, {pkg, "/src/app/later"}} {
		want = append(want, root{Kind: f.kind, Source: true, Path: filepath.FromSlash(f.path)})
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want\n%+v", got, want)
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
