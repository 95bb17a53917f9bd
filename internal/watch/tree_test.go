package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
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
		".nfs0001", "a___jb_tmp___", ".a.html.kate-swp", ".~lock.t.csv#", ".goutputstream-X", ".fuse_hidden1"} {
		if !junk(name) {
			t.Errorf("%s is not junk", name)
		}
	}
	for _, name := range []string{"a.go", ".env", ".gitignore", "a.swp.html", "x.swp", "4914", "a#", "git", "~a", ".swift", "a.kate-swp", ".~lock.t"} {
		if junk(name) {
			t.Errorf("%s is junk", name)
		}
	}
}

// Single files, trees and patterns may be there or not. What is in them is compared by content.
func TestTracked(t *testing.T) {
	for name, test := range map[string]struct {
		track  string
		change func(f folder)
		want   string
	}{
		"file":                   {"a.conf", func(f folder) { f.write("a.conf", "x") }, "a.conf"},
		"file replaced":          {"a.conf", func(f folder) { f.replace("a.conf", "b.conf") }, "a.conf"},
		"file as it was":         {"a.conf", func(f folder) { f.replace("a.conf", "a.conf") }, ""},
		"file removed":           {"a.conf", func(f folder) { f.remove("a.conf") }, "a.conf"},
		"file not yet":           {"new.conf", func(f folder) { f.write("new.conf", "") }, "new.conf"},
		"file deep, not yet":     {"x/y/new.conf", func(f folder) { f.write("x/y/new.conf", "") }, "x/y/new.conf"},
		"file, another":          {"a.conf", func(f folder) { f.write("b.conf", "") }, ""},
		"tree":                   {"d", func(f folder) { f.write("d/e/deep", "x") }, "d/e/deep"},
		"tree, new file":         {"d", func(f folder) { f.write("d/e/f/new", "") }, "d/e/f/new"},
		"tree, removed":          {"d", func(f folder) { f.remove("d/e") }, "d/e/deep"},
		"tree, all removed":      {"d", func(f folder) { f.remove("d") }, "d/e/deep"},
		"tree, a swap file":      {"d", func(f folder) { f.write("d/.new.swp", "") }, ""},
		"tree, a private folder": {"d", func(f folder) { f.write("d/restarter-12-345/new", "") }, ""},
		"tree, a like file":      {"d", func(f folder) { f.write("d/restarter-12-345", "") }, "d/restarter-12-345"},
		"tree, a like folder":    {"d", func(f folder) { f.write("d/restarter-12/new", "") }, "d/restarter-12/new"},
		"tree, empty, is none":   {"d", func(f folder) { f.check(os.Mkdir(f.path("d/none"), 0o755)) }, ""},
		"tree not yet":           {"later", func(f folder) { f.check(os.Mkdir(f.path("later"), 0o755)) }, "later"},
		"tree, a file instead":   {"d", func(f folder) { f.remove("d"); f.write("d", "") }, "d/e/deep"},
		"file, a tree instead":   {"a.conf", func(f folder) { f.remove("a.conf"); f.write("a.conf/b", "") }, "a.conf"},
		"glob":                   {"*.conf", func(f folder) { f.write("a.conf", "x") }, "a.conf"},
		"glob, new":              {"*.conf", func(f folder) { f.write("new.conf", "") }, "new.conf"},
		"glob, removed":          {"*.conf", func(f folder) { f.remove("a.conf") }, "a.conf"},
		"glob, renamed":          {"*.conf", func(f folder) { f.check(os.Rename(f.path("a.conf"), f.path("other"))) }, "a.conf"},
		"glob, another":          {"*.conf", func(f folder) { f.write("new.txt", "") }, ""},
		"glob, directory":        {"d/*/deep", func(f folder) { f.write("d/new/deep", "") }, "d/new/deep"},
		"glob, directory empty":  {"d/*/deep", func(f folder) { f.write("d/new/other", "") }, ""},
		"glob, not yet":          {"no/*.x", func(f folder) { f.write("no/1.x", "") }, "no/1.x"},
		"glob, a tree":           {"[d]", func(f folder) { f.write("d/e/new", "") }, "d/e/new"},
		"any depth, none":        {"**/*.conf", func(f folder) { f.write("a.conf", "x") }, "a.conf"},
		"any depth, two":         {"**/deep", func(f folder) { f.write("d/e/deep", "x") }, "d/e/deep"},
		"any depth, new":         {"d/**/*.conf", func(f folder) { f.write("d/x/y/new.conf", "") }, "d/x/y/new.conf"},
		"any depth, another":     {"d/**/*.conf", func(f folder) { f.write("d/x/y/new.txt", "") }, ""},
		"any depth, outside":     {"d/**/*.conf", func(f folder) { f.write("a.conf", "x") }, ""},
		"any depth, twice":       {"d/**/**/new.conf", func(f folder) { f.write("d/x/y/new.conf", "") }, "d/x/y/new.conf"},
		"any depth, each":        {"d/**/*", func(f folder) { f.write("d/x/y/new", "") }, "d/x/y/new"},
		"any depth, all":         {"d/**", func(f folder) { f.write("d/x/y/new", "") }, "d/x/y/new"},
		"a name with a star":     {"we[i]rd", func(f folder) { f.write("we[i]rd", "x") }, "we[i]rd"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, "a.conf", "other", "d/e/deep")
			if name == "a name with a star" {
				f.write("we[i]rd", "")
			}
			p := f.poller(Root{Pattern, Tracked, test.track})
			if c := p.Sweep(); c.Any() {
				t.Fatalf("%q before the change", c)
			}
			test.change(f)
			f.want(p.Sweep(), Tracked, test.want)
			f.want(p.Sweep(), Tracked, "") // once more
		})
	}
}

// A name may look like a pattern, here that of a route. It is removed and comes back, as by git stash.
func TestNameLikeAPattern(t *testing.T) {
	f := newFolder(t, "pages/[id].html", "[x]/deep")
	p := f.poller(Root{Pattern, Tracked, "pages/[id].html"}, Root{Pattern, Tracked, "[x]/*"})
	for _, name := range []string{"pages/[id].html", "[x]/deep"} {
		dir := filepath.Dir(name)
		f.check(os.Rename(f.path(dir), f.path("away")))
		f.want(p.Sweep(), Tracked, name)
		f.check(os.Rename(f.path("away"), f.path(dir)))
		f.want(p.Sweep(), Tracked, name)
		f.write(name, "edited")
		f.want(p.Sweep(), Tracked, name)
	}
}

// A directory that comes in the place of a single file is a tree from then on.
func TestTreeComes(t *testing.T) {
	f := newFolder(t)
	p := f.poller(Root{Pattern, Tracked, "later"})
	f.check(os.Mkdir(f.path("later"), 0o755))
	f.want(p.Sweep(), Tracked, "later")
	f.want(p.Sweep(), Tracked, "")
	f.write("later/a/b", "")
	f.want(p.Sweep(), Tracked, "later/a/b")
	f.write("later/a/b", "edited")
	f.want(p.Sweep(), Tracked, "later/a/b")
	f.remove("later")
	f.want(p.Sweep(), Tracked, "later/a/b")
	f.write("later", "a file")
	f.want(p.Sweep(), Tracked, "later")
	f.want(p.Sweep(), Tracked, "")
}

// A File is one file: what is in a directory of its name does not matter.
func TestFileIsDirectory(t *testing.T) {
	f := newFolder(t)
	p := f.poller(Root{File, Source, "go.work"})
	f.check(os.Mkdir(f.path("go.work"), 0o755))
	f.want(p.Sweep(), Source, "go.work")
	f.write("go.work/a", "")
	f.want(p.Sweep(), Source, "")
	f.remove("go.work")
	f.want(p.Sweep(), Source, "go.work")
	f.want(p.Sweep(), Source, "")
}

// Below a tree, and among the files of a package, a symbolic link to a directory is one file:
// what is in that directory does not matter.
func TestLinkToDirectory(t *testing.T) {
	for name, root := range map[string]Root{
		"tree":    {Tree, Tracked, "tree"},
		"package": {Package, Source, "tree"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, "tree/sub/a", "there/a", "there/sub/b", "other/a", "file")
			f.link("tree/link.go", "../there")
			p := f.poller(root)
			for _, test := range []struct {
				name   string
				change func()
				want   string
			}{
				{"nothing", func() {}, ""},
				{"new file", func() { f.write("there/new.go", "") }, ""},
				{"edited", func() { f.write("there/a", "edited") }, ""},
				{"removed", func() { f.remove("there/sub") }, ""},
				{"touched", func() { f.age("there", 48*time.Hour) }, ""},
				{"to another directory", func() { f.link("tree/link.go", "../other") }, ""},
				{"a new file there", func() { f.write("other/new.go", "") }, ""},
				{"to a file", func() { f.link("tree/link.go", "../file") }, "tree/link.go"},
				{"that file", func() { f.write("file", "edited") }, "tree/link.go"},
				{"to a directory again", func() { f.link("tree/link.go", "../there") }, "tree/link.go"},
				{"removed there", func() { f.remove("there/a") }, ""},
				{"to nothing", func() { f.remove("there") }, "tree/link.go"},
				{"to a new directory", func() { f.write("there/a", "") }, "tree/link.go"},
				{"removed", func() { f.remove("tree/link.go") }, "tree/link.go"},
			} {
				test.change()
				for again, want := range []string{test.want, ""} {
					c := Change{}
					if want != "" {
						c[root.For] = f.path(want)
					}
					if got := p.Sweep(); got != c {
						t.Errorf("%s, sweep %d: %q, want %q", test.name, again, got, c)
					}
				}
			}
		})
	}
}

// A pattern leads through a symbolic link to what is in a directory.
func TestPatternOfLinks(t *testing.T) {
	f := newFolder(t, "there/a", "file")
	f.link("1.d", "there")
	p := f.poller(Root{Pattern, Tracked, "*.d"})
	f.write("there/new", "")
	f.want(p.Sweep(), Tracked, "1.d/new")
	f.link("1.d", "file")
	if c := p.Sweep(); c[Tracked] == "" {
		t.Error("to a file: not seen")
	}
	f.link("1.d", "there")
	if c := p.Sweep(); c[Tracked] == "" {
		t.Error("to a directory: not seen")
	}
	f.write("there/a", "edited")
	f.want(p.Sweep(), Tracked, "1.d/a")
	f.want(p.Sweep(), Tracked, "")
}

// A tree that a pattern leads to by several ways is walked once.
func TestTreesAreWalkedOnce(t *testing.T) {
	f := newFolder(t, "d/1", "d/a/2", "d/a/b/3", "d/a/b/c/4")
	for _, pattern := range []string{"d", "d/**", "d/**/**", "d/**/*"} {
		visits := make(map[string]int)
		p := New(0)
		g := &gatherer{look: func(path string) stamp {
			visits[path]++
			return p.stamp(path)
		}}
		g.glob(Root{Pattern, Tracked, f.path(pattern)})
		for path, n := range visits {
			if n > 3 { // for the names that ** and * match, and for the files in it
				t.Errorf("%s: %s is looked at %d times", pattern, path, n)
			}
		}
		if set := g.set(); set.Len() != 4 {
			t.Errorf("%s leads to %d files", pattern, set.Len())
		}
	}
}
