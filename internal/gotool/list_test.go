package gotool

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lib537/restarter/internal/watch"
)

// cache has the module proxy of a folder hold example.org/cached v1.0.0.
func (m *module) cache() {
	m.write("proxy/example.org/cached/@v/list", "v1.0.0\n")
	m.write("proxy/example.org/cached/@v/v1.0.0.info", `{"Version":"v1.0.0"}`)
	m.write("proxy/example.org/cached/@v/v1.0.0.mod", "module example.org/cached\n")
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, text := range map[string]string{"go.mod": "module example.org/cached\n", "cached.go": "package cached\n"} {
		f, err := z.Create("example.org/cached@v1.0.0/" + name)
		if err != nil {
			m.Fatal(err)
		}
		f.Write([]byte(text))
	}
	z.Close()
	m.write("proxy/example.org/cached/@v/v1.0.0.zip", packed.String())
	m.set("GOPROXY=file:///" + strings.TrimPrefix(filepath.ToSlash(m.path("proxy")), "/"))
	m.set("GONOSUMDB=*")
	m.set("GOMODCACHE=" + m.TempDir())
}

func (m *module) set(variable string) { m.env = append(slices.Clip(m.env), variable) }

// lists is what a recipe lists, without what lies above the module: go.work may be there.
func (m *module) lists(target string, flags ...string) (found []string) {
	m.Helper()
	r := Recipe{command: goCommand(m.T), Env: m.env, Dir: m.dir, targets: []string{target}, flags: flags}
	roots, err := r.List(context.Background())
	if err != nil {
		m.Fatal(err)
	}
	for _, r := range roots {
		rel, err := filepath.Rel(m.dir, r.Path)
		if err != nil || r.For != watch.Source {
			m.Errorf("%+v: %v", r, err)
		}
		if rel = filepath.ToSlash(rel); !strings.HasPrefix(rel, "..") {
			found = append(found, fmt.Sprint(r.Kind, " ", rel))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (m *module) wantList(target string, flags []string, want map[watch.Kind][]string) {
	m.Helper()
	var all []string
	for k, paths := range want {
		for _, path := range paths {
			all = append(all, fmt.Sprint(k, " ", path))
		}
	}
	slices.Sort(all)
	if got := m.lists(target, flags...); !slices.Equal(got, all) {
		m.Errorf("%s %s:\n%q, want\n%q", target, flags, got, all)
	}
}

// Of the module cache, of the standard library and of other packages: what is to be watched.
func TestList(t *testing.T) {
	const file, pkg, pattern = watch.File, watch.Package, watch.Pattern
	m := newModule(t,
		"main.go", "package main\n\nimport (\n\"embed\"\n_ \"example.com/app/sub\"\n_ \"example.org/cached\"\n_ \"example.org/local\"\n)\n\n"+
			"//go:embed page.* all:tree/x\nvar _ embed.FS\n\nfunc main() {}\n",
		"page.html", "", "tree/x/.hidden", "", "sub/sub.go", "package sub\n",
		"fresh/go.mod", "module example.org/fresh\n", // of which nothing is there yet
		"local/go.mod", "module example.org/local\n", "local/local.go", "package local\n\nimport _ \"fmt\"\n")
	m.cache()
	const mod = "module example.com/app\n\ngo 1.21\n\nrequire (\nexample.org/cached v1.0.0\nexample.org/fresh v0.0.0\nexample.org/local v0.0.0\n)\n\n" +
		"replace example.org/local => ./local\n\nreplace example.org/fresh => ./fresh\n"
	m.write("go.mod", mod)
	m.write("other.mod", mod)
	m.set("GOFLAGS=-mod=mod -modcacherw")
	m.set("GOWORK=")

	modules := []string{"go.mod", "go.sum", "vendor/modules.txt", "go.work", "local/go.mod", "local/go.sum", "local/vendor/modules.txt"}
	embedded := []string{"page.*", "tree/x"}
	m.wantList(".", nil, map[watch.Kind][]string{file: modules, pkg: {".", "sub", "local"}, pattern: embedded})
	m.wantList("main.go", nil, map[watch.Kind][]string{file: append(modules, "main.go"), pkg: {"sub", "local"}, pattern: embedded})
	m.wantList(".", []string{"-modfile=other.mod"}, map[watch.Kind][]string{
		file: append(modules, "other.mod", "other.sum"), pkg: {".", "sub", "local"}, pattern: embedded})
	m.write("cgo/main.go", "package main\n\nimport \"C\"\n\nfunc main() {}\n")
	m.set("CGO_ENABLED=1")
	m.wantList("cgo/main.go", nil, map[watch.Kind][]string{file: append(slices.Clip(modules[:4]), "cgo/main.go")})
	m.set("GOWORK=off")
	alone := append(slices.Clone(modules[:3]), modules[4:]...)
	m.wantList(".", nil, map[watch.Kind][]string{file: alone, pkg: {".", "sub", "local"}, pattern: embedded})

	// Packages that are not there yet.
	m.replace("sub/sub.go", "sub\n", "sub\n\nimport (\n_ \"example.com/app/later\"\n_ \"example.com/apple\"\n_ \"example.org/fresh\"\n_ \"example.org/local/later\"\n)\n")
	m.wantList(".", nil, map[watch.Kind][]string{file: append(alone, "fresh/go.mod", "fresh/go.sum", "fresh/vendor/modules.txt"),
		pkg: {".", "sub", "local", "later", "local/later", "fresh"}, pattern: embedded})
	m.write("sub/sub.go", "package sub\n")

	m.set("GOFLAGS=")
	m.run(nil, "go", "mod", "vendor")
	m.wantList(".", nil, map[watch.Kind][]string{file: {"go.mod", "go.sum", "vendor/modules.txt"},
		pkg: {".", "sub", "vendor/example.org/local", "vendor/example.org/cached"}, pattern: embedded})

	m.write("unused/go.mod", "module example.org/unused\n") // without which nothing can be built, all the same
	m.write("ws/go.work", "go 1.21\n\nuse ..\nuse ../local\nuse ../unused\n")
	m.set("GOWORK=" + m.path("ws/go.work"))
	m.set("GOFLAGS=-modcacherw")
	m.wantList(".", nil, map[watch.Kind][]string{file: append(alone, "unused/go.mod", "go.work", "ws/go.work", "ws/go.work.sum", "ws/vendor/modules.txt"),
		pkg: {".", "sub", "local"}, pattern: embedded})
}

// With the tags that the program was built with, and as they are in the environment.
func TestListWithTags(t *testing.T) {
	m := newModule(t, "main.go", "package main\n\nfunc main() {}\n",
		"more.go", "//go:build more\n\npackage main\n\nimport _ \"example.com/app/sub\"\n", "sub/sub.go", "package sub\n")
	modules := []string{"go.mod", "go.sum", "vendor/modules.txt"}
	m.wantList(".", nil, map[watch.Kind][]string{watch.File: modules, watch.Package: {"."}})
	m.wantList(".", []string{"-tags=more"}, map[watch.Kind][]string{watch.File: modules, watch.Package: {".", "sub"}})
	m.set("GOFLAGS=-tags=more -json") // which does not change how it is printed
	m.wantList(".", nil, map[watch.Kind][]string{watch.File: modules, watch.Package: {".", "sub"}})
}

// What has a mistake in it is listed all the same. Where nothing can be listed, the error says
// what the go command said.
func TestListOfBrokenSources(t *testing.T) {
	m := newModule(t, "main.go", "package main\n\nimport _ \"example.com/app/sub\"\n\nfunc main() {\n",
		"sub/sub.go", "package other sub\n")
	modules := []string{"go.mod", "go.sum", "vendor/modules.txt"}
	m.wantList(".", nil, map[watch.Kind][]string{watch.File: modules, watch.Package: {".", "sub"}})
	m.write("go.mod", "modul example.com/app\n")
	r := Recipe{command: goCommand(t), Env: m.env, Dir: m.dir, targets: []string{"."}}
	if roots, err := r.List(context.Background()); err == nil || !strings.Contains(err.Error(), "go.mod:1") {
		t.Errorf("%v, error %v", roots, err)
	}
}

// What go list prints on Windows.
func TestParseList(t *testing.T) {
	var got sources
	got.parse("p/src/app\r\ng/src/app/page.html\r\nmexample.com/app\t/src/app\t/src/app/go.mod\r\nxexample.com/app/later\r\n", "")
	var want []watch.Root
	for _, f := range []struct {
		watch.Kind
		path string
	}{{watch.Package, "/src/app"}, {watch.Pattern, "/src/app/page.html"}, {watch.File, "/src/app/go.mod"}, {watch.File, "/src/app/go.sum"},
		{watch.File, "/src/app/vendor/modules.txt"}, {watch.Package, "/src/app/later"}} {
		want = append(want, watch.Root{Kind: f.Kind, For: watch.Source, Path: filepath.FromSlash(f.path)})
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want\n%+v", got, want)
	}
}

// Where nothing can be listed, a file that could mend it may come in any directory above.
func TestGround(t *testing.T) {
	top := filepath.VolumeName(t.TempDir()) + string(filepath.Separator)
	r := Recipe{Dir: filepath.Join(top, "a", "b")}
	var want []watch.Root
	for _, dir := range []string{r.Dir, filepath.Dir(r.Dir), top} {
		for _, name := range []string{"go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt"} {
			want = append(want, watch.Root{Kind: watch.File, For: watch.Source, Path: filepath.Join(dir, filepath.FromSlash(name))})
		}
	}
	want = append(want, watch.Root{Kind: watch.Package, For: watch.Source, Path: r.Dir})
	if got := r.Ground(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want\n%+v", got, want)
	}
}
