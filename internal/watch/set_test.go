package watch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A path that several roots lead to is there once, and is all that they say.
func TestSetOnce(t *testing.T) {
	f := newFolder(t, "app", "a.go", "x.txt")
	p := f.poller(
		Root{Package, Source, ""}, Root{Package, Source, ""}, Root{Tree, Tracked, ""},
		Root{File, Tracked, "a.go"}, Root{File, Executable, "app"},
		Root{Pattern, Input, "*.txt"}, Root{Pattern, Source, "*.md"},
	)
	if p.set.folders != 4 || p.Len() != 3 { // for the package, the tree, *.txt and *.md
		t.Errorf("%d directories, %d files", p.set.folders, p.Len())
	}
	type uses [purposes]bool
	for name, want := range map[string]uses{
		"a.go":  {Source: true, Tracked: true},
		"x.txt": {Input: true, Tracked: true},
		"app":   {Tracked: true, Executable: true},
	} {
		r := p.set.find(f.dir, name)
		if r == nil {
			t.Fatalf("no %s", name)
		}
		var got uses
		for i := range got {
			got[i] = r.is(Purpose(i))
		}
		if got != want || p.path(r) != f.path(name) || p.set.pathOf(r) != f.path(name) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		if n := p.set.position(r.dir, name); &p.set.records[n] != r {
			t.Errorf("%s has number %d", name, n)
		}
	}
	for _, absent := range []string{"", "a", "a.go.", "zzz"} {
		if r := p.set.find(f.dir, absent); r != nil {
			t.Errorf("%q is %+v", absent, r)
		}
	}
	if p.set.find(f.path("none"), "a.go") != nil {
		t.Error("found in a directory that is not there")
	}
}

// A file that is watched for several purposes has changed for each.
func TestPurposesMerge(t *testing.T) {
	f := newFolder(t, "a.go", "b.go")
	both := Change{Source: f.path("a.go"), Tracked: f.path("a.go")}
	p := f.poller(Root{Package, Source, ""}, Root{Pattern, Tracked, "a.*"})
	f.write("a.go", "edited")
	if c := p.Sweep(); c != both {
		t.Errorf("an edit: %q", c)
	}
	f.age("a.go", 2*time.Hour)
	f.want(p.Sweep(), Source, "") // what is tracked counts by its content
	f.write("b.go", "edited")
	f.want(p.Sweep(), Source, "b.go")
	f.remove("a.go")
	if c := p.Sweep(); c != both {
		t.Errorf("a removal: %q", c)
	}
	f.write("a.go", "back")
	if c := p.Sweep(); c != both {
		t.Errorf("back: %q", c)
	}
	if _, gone := p.Watch(nil); gone[Source] == "" || gone[Tracked] != f.path("a.go") {
		t.Errorf("gone: %q", gone)
	}
}

// Two files that change at once, for different purposes, are both told.
func TestPurposesBeside(t *testing.T) {
	f := newFolder(t, "a.go", "a.conf", "in.txt", "app")
	p := f.poller(Root{Package, Source, ""}, Root{File, Tracked, "a.conf"}, Root{File, Input, "in.txt"}, Root{File, Executable, "app"})
	want := Change{}
	for name, use := range map[string]Purpose{"a.go": Source, "a.conf": Tracked, "in.txt": Input, "app": Executable} {
		f.write(name, "edited")
		want[use] = f.path(name)
	}
	if c := p.Sweep(); c != want {
		t.Errorf("%q, want %q", c, want)
	}
}

// A new set keeps the stamps of what was known, says what came, and what went.
func TestWatchKeepsStamps(t *testing.T) {
	f := newFolder(t, "a/1.go", "a/2.go", "b/3.go", "c/4.go")
	p := f.poller(Root{Package, Source, "a"}, Root{Package, Source, "b"})
	f.write("a/1.go", "edited")
	roots := f.roots(Root{Package, Source, "a"}, Root{Package, Input, "c"})
	came, gone := p.Watch(roots)
	f.want(came, Input, "c/4.go")
	f.want(gone, Source, "b/3.go")
	f.want(p.Sweep(), Source, "a/1.go")
	f.want(p.Sweep(), Source, "")
	if p.Len() != 3 || len(p.roots) != 2 || p.roots[1] != roots[1] {
		t.Errorf("%d files of %v", p.Len(), p.roots)
	}
	if came, gone = p.Watch(roots); came.Any() || gone.Any() {
		t.Errorf("the same again: %q came, %q went", came, gone)
	}
}

// What has changed between a snapshot and the moment when its files are watched is told: names
// at once, contents with the next sweep.
func TestSnapshot(t *testing.T) {
	for name, test := range map[string]struct {
		change           func(f folder)
		came, gone, seen string
	}{
		"nothing":         {func(f folder) {}, "", "", ""},
		"touched":         {func(f folder) { f.age("d/a", 2*time.Hour); f.replace("one", "one") }, "", "", ""},
		"edited":          {func(f folder) { f.write("d/a", "edited") }, "", "", "d/a"},
		"replaced":        {func(f folder) { f.replace("one", "new") }, "", "", "one"},
		"removed":         {func(f folder) { f.remove("d/a") }, "", "d/a", ""},
		"renamed":         {func(f folder) { f.remove("d/a"); f.write("d/b", "d/a") }, "d/b", "d/a", ""},
		"new":             {func(f folder) { f.write("d/new", "") }, "d/new", "", ""},
		"new below":       {func(f folder) { f.write("d/e/new", "") }, "d/e/new", "", ""},
		"new by pattern":  {func(f folder) { f.write("3.x", "") }, "3.x", "", ""},
		"gone by pattern": {func(f folder) { f.remove("2.x") }, "", "2.x", ""},
		"one removed":     {func(f folder) { f.remove("one") }, "", "", "one"},
		"one made":        {func(f folder) { f.write("later", "") }, "", "", "later"},
		"a tree made":     {func(f folder) { f.write("later/a", "") }, "later/a", "", ""},
		"all at once": {func(f folder) { f.write("1.x", "edited"); f.remove("d/a"); f.write("d/b", "") },
			"d/b", "d/a", "1.x"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, "a.go", "d/a", "one", "1.x", "2.x")
			roots := f.roots(Root{Tree, Tracked, "d"}, Root{Pattern, Tracked, "one"}, Root{Pattern, Tracked, "later"}, Root{Pattern, Tracked, "*.x"})
			source := Root{Package, Source, f.dir}
			p := New(0)
			p.Watch([]Root{source})
			seen := Snapshot(roots)
			if seen.Len() != 5 {
				t.Errorf("%d files in the snapshot", seen.Len())
			}
			test.change(f)
			came, gone := p.Watch(append(roots, source), seen)
			f.want(came, Tracked, test.came)
			f.want(gone, Tracked, test.gone)
			f.want(p.Sweep(), Tracked, test.seen)
			f.want(p.Sweep(), Tracked, "")
		})
	}
}

// What the poller watches already is compared with what it saw itself, and of several snapshots
// the first that has a file counts.
func TestSnapshotsInOrder(t *testing.T) {
	f := newFolder(t, "a", "b", "c")
	root := func(name string) Root { return Root{Pattern, Tracked, f.path(name)} }
	p := New(0)
	p.Watch([]Root{root("a")})
	f.write("a", "edited")
	first := Snapshot([]Root{root("a"), root("b")})
	f.write("b", "edited")
	second := Snapshot([]Root{root("a"), root("b"), root("c")})
	p.Watch([]Root{root("a"), root("b"), root("c")}, first, second)
	for i := range p.set.files() { // each by itself
		r, c := &p.set.files()[i], Change{}
		path := p.set.pathOf(r)
		p.look(r, &c)
		if want := path != f.path("c"); (c[Tracked] == path) != want {
			t.Errorf("%s: %q", path, c)
		}
	}
}

// Each file of a purpose is one that is there.
func TestEach(t *testing.T) {
	f := newFolder(t, "a.go", "b.go", "a.conf")
	f.age("b.go", time.Minute)
	p := f.poller(Root{Package, Source, ""}, Root{Pattern, Tracked, "*.conf"}, Root{File, Input, "none"})
	f.remove("a.go")
	p.Sweep()
	for use, want := range map[Purpose]string{Source: "b.go", Tracked: "a.conf", Input: ""} {
		var all []string
		p.each(use, func(path string, at time.Time) {
			info, err := os.Stat(path)
			f.check(err)
			if !at.Equal(info.ModTime()) {
				t.Errorf("%s was written at %v", path, at)
			}
			all = append(all, filepath.Base(path))
		})
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// To watch twenty times as many single files takes about twenty times as long.
func TestManySingleFiles(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("takes long")
	}
	dir := t.TempDir()
	took := func(n int) (least time.Duration) {
		roots := make([]Root, n)
		for i := range roots {
			roots[i] = Root{Pattern, Tracked, filepath.Join(dir, fmt.Sprintf("file%06d", i))} // none is there
		}
		for i := 0; i < 3; i++ { // something else may be at work as well
			start := time.Now()
			seen := Snapshot(roots)
			p := New(0)
			p.Watch(roots, seen)
			p.Watch(roots)
			if c := p.Sweep(); c.Any() || p.Len() != n {
				t.Fatalf("%d files, %q", p.Len(), c)
			}
			if d := time.Since(start); i == 0 || d < least {
				least = d
			}
		}
		return least
	}
	few, many := took(2500), took(50000)
	t.Logf("2,500: %v, 50,000: %v", few, many)
	if many > 80*few { // 20 would be linear, 400 quadratic
		t.Errorf("%v for 2,500, %v for 50,000", few, many)
	}
}

// Of several files that have changed at once, a Go file is named: no program writes those by itself.
func TestGoFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		for _, name := range []string{"a.h", "b.go", "c.h"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("package main")
	p := New(0)
	p.Watch([]Root{{Package, Source, dir}})
	write("package main // edited")
	if got := p.Sweep()[Source]; got != filepath.Join(dir, "b.go") {
		t.Errorf("named is %q", got)
	}
}
