package restarter

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// A folder is a directory of files that a test changes.
type folder struct {
	testing.TB
	dir string
}

// newFolder makes files, each with its name for content, and old times.
func newFolder(t testing.TB, names ...string) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	for _, name := range names {
		f.write(name, name)
		f.age(name, time.Hour)
	}
	return f
}

func (f folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f folder) write(name, content string) {
	f.Helper()
	f.check(os.MkdirAll(filepath.Dir(f.path(name)), 0o755))
	f.check(os.WriteFile(f.path(name), []byte(content), 0o644))
}

// age sets the times of a file to so long ago.
func (f folder) age(name string, age time.Duration) {
	f.Helper()
	then := time.Now().Add(-age)
	f.check(os.Chtimes(f.path(name), then, then))
}

// replace does what most editors do: another file takes the place of this one.
func (f folder) replace(name, content string) {
	f.Helper()
	f.write(name+"~", content)
	f.check(os.Rename(f.path(name+"~"), f.path(name)))
}

func (f folder) check(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// poller watches roots, given by their names in the folder.
func (f folder) poller(roots ...root) *poller {
	p := newPoller(0)
	for i := range roots {
		roots[i].Path = f.path(roots[i].Path)
	}
	p.set(roots)
	return p
}

// mtimeOnly is stat without the time of the last change of any kind, which only
// some systems have.
func mtimeOnly(stat func(string) (os.FileInfo, error)) func(string) (os.FileInfo, error) {
	return func(name string) (os.FileInfo, error) {
		info, err := stat(name)
		if err != nil {
			return nil, err
		}
		return plainInfo{info, info.ModTime()}, nil
	}
}

type plainInfo struct {
	fs.FileInfo
	mtime time.Time
}

func (i plainInfo) ModTime() time.Time { return i.mtime }
func (i plainInfo) Sys() any           { return nil }

// Every kind of change to a source is seen once, and named.
func TestChanges(t *testing.T) {
	for name, test := range map[string]struct {
		change func(f folder)
		want   string // the file that the change is to name; "" for none
	}{
		"nothing":              {func(f folder) {}, ""},
		"written":              {func(f folder) { f.write("a.go", "other text") }, "a.go"},
		"written, same size":   {func(f folder) { f.write("a.go", "a.oo") }, "a.go"},
		"emptied":              {func(f folder) { f.write("a.go", "") }, "a.go"},
		"touched":              {func(f folder) { f.age("a.go", 0) }, "a.go"},
		"older":                {func(f folder) { f.age("a.go", 48*time.Hour) }, "a.go"},
		"from the future":      {func(f folder) { f.age("a.go", -48*time.Hour) }, "a.go"},
		"replaced":             {func(f folder) { f.replace("a.go", "a.oo") }, "a.go"},
		"removed":              {func(f folder) { f.check(os.Remove(f.path("a.go"))) }, "a.go"},
		"renamed":              {func(f folder) { f.check(os.Rename(f.path("a.go"), f.path("z_test.go"))) }, "a.go"},
		"new":                  {func(f folder) { f.write("new.go", "") }, "new.go"},
		"a link made":          {func(f folder) { f.check(os.Symlink("a.go", f.path("link.go"))) }, "link.go"},
		"its directory gone":   {func(f folder) { f.check(os.RemoveAll(f.dir)) }, "a.go"},
		"a test file written":  {func(f folder) { f.write("a_test.go", "") }, ""},
		"a directory made":     {func(f folder) { f.write("sub/b.go", "") }, ""},
		"a swap file written":  {func(f folder) { f.write(".a.go.swp", "") }, ""},
		"a probe of Vim's":     {func(f folder) { f.write("4913", ""); f.check(os.Remove(f.path("4913"))) }, ""},
		"a backup written":     {func(f folder) { f.write("a.go~", "") }, ""},
		"a log file written":   {func(f folder) { f.write("app.log", "") }, ""},
		"seen in its last bit": {func(f folder) { f.write("a.go", "a.gn") }, "a.go"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a link made" && runtime.GOOS == "windows" {
				t.Skip("takes a privilege")
			}
			f := newFolder(t, "a.go")
			p := f.poller(root{Kind: pkg, Source: true})
			if c := p.sweep(); c.any() {
				t.Fatalf("%+v before the change", c)
			}
			test.change(f)
			want := change{}
			if test.want != "" {
				want.Source = f.path(test.want)
			}
			if c := p.sweep(); c != want {
				t.Errorf("%+v, want %+v", c, want)
			}
			if c := p.sweep(); c.any() {
				t.Errorf("%+v, once more", c)
			}
		})
	}
}

// A change of mode counts: a file that cannot be read is another program.
func TestModeCounts(t *testing.T) {
	f := newFolder(t, "a.go")
	p := f.poller(root{Kind: pkg, Source: true})
	p.stat = mtimeOnly(p.stat)
	p.sweep()
	f.check(os.Chmod(f.path("a.go"), 0o444))
	if c := p.sweep(); c.Source == "" {
		t.Error("not seen")
	}
	f.check(os.Chmod(f.path("a.go"), 0o644)) // or Windows cannot remove it
}

// A save of the same size, with the old time put back, is shown by the change time where
// there is one, and by the content of a fresh file everywhere.
func TestTimePutBack(t *testing.T) {
	save := func(f folder, name, content string) {
		info, err := os.Stat(f.path(name))
		f.check(err)
		f.write(name, content)
		f.check(os.Chtimes(f.path(name), info.ModTime(), info.ModTime()))
	}
	t.Run("change time", func(t *testing.T) {
		f := newFolder(t, "a.go")
		info, err := os.Stat(f.path("a.go"))
		f.check(err)
		if changeTime(info) == 0 {
			t.Skip("this system has no change time")
		}
		p := f.poller(root{Kind: pkg, Source: true})
		p.Records[p.Folders].Fresh = false // as if it had been watched for long
		save(f, "a.go", "a.oo")
		if c := p.sweep(); c.Source == "" {
			t.Error("not seen")
		}
	})
	t.Run("fresh", func(t *testing.T) {
		f := newFolder(t, "a.go")
		f.age("a.go", 0)
		p := newPoller(0)
		p.stat = mtimeOnly(p.stat)
		p.set([]root{{Kind: pkg, Source: true, Path: f.dir}})
		save(f, "a.go", "a.oo")
		if c := p.sweep(); c.Source == "" {
			t.Error("not seen")
		}
	})
}

// saves writes a file again and again, always of the same size, and wants every save seen.
func saves(t *testing.T, f folder, p *poller) {
	t.Helper()
	p.set([]root{{Kind: pkg, Source: true, Path: f.dir}})
	for i := 0; i < 50; i++ {
		f.write("a.go", fmt.Sprintf("%04d", i))
		if c := p.sweep(); c.Source == "" {
			t.Fatalf("save %d was not seen", i)
		}
		if c := p.sweep(); c.any() {
			t.Fatalf("%+v, but nothing was saved", c)
		}
	}
}

// Times of whole seconds, as some file systems have them, hide no save.
func TestCoarseTimes(t *testing.T) {
	f := newFolder(t, "a.go")
	p := newPoller(0)
	p.stat = func(name string) (os.FileInfo, error) {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		return plainInfo{info, info.ModTime().Truncate(time.Second)}, nil
	}
	saves(t, f, p)
}

// The same on a real file system with times of whole seconds, and with names too: a file
// made within the second in which its directory was last seen is found.
func TestCoarseFileSystem(t *testing.T) {
	f := newFolder(t)
	image, dir := filepath.Join(f.dir, "image"), filepath.Join(f.dir, "mnt")
	f.check(os.WriteFile(image, nil, 0o600))
	f.check(os.Truncate(image, 8<<20))
	f.check(os.Mkdir(dir, 0o755))
	for _, command := range []string{
		"mkfs.ext4 -q -F -I 128 " + image,
		"mount -o loop " + image + " " + dir,
	} {
		args := strings.Fields(command)
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("%s: %v %s", command, err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	f.dir = dir
	f.write("a.go", "----")
	if info, err := os.Stat(f.path("a.go")); err != nil || info.ModTime().Nanosecond() != 0 {
		t.Fatalf("times are not of whole seconds: %v %v", info.ModTime(), err)
	}
	p := newPoller(0)
	saves(t, f, p)
	for i := 0; i < 50; i++ {
		name := fmt.Sprintf("new%d.go", i)
		f.write(name, "")
		if c := p.sweep(); c.Source != f.path(name) {
			t.Fatalf("%s: %+v", name, c)
		}
	}
}

func TestFresh(t *testing.T) {
	now := time.Now()
	for age, want := range map[time.Duration]bool{
		0: true, time.Second: true, 1999 * time.Millisecond: true, 2 * time.Second: false, time.Hour: false,
		-time.Second: true, -59 * time.Second: true, -2 * time.Minute: false, // a clock that is ahead, and one that is wrong
	} {
		then := now.Add(-age).UnixNano()
		for _, s := range []stamp{{Mtime: then}, {Mtime: now.Add(-time.Hour).UnixNano(), Ctime: then}} {
			if age >= -time.Minute/2 || s.Ctime == 0 {
				if got := s.fresh(now); got != want {
					t.Errorf("%v old, %+v: fresh is %v", age, s, got)
				}
			}
		}
	}
	if (stamp{}).fresh(now) {
		t.Error("what does not exist is fresh")
	}
}

func TestNotOlder(t *testing.T) {
	const s = int64(time.Second)
	for _, test := range []struct {
		mtime, ref int64
		want       bool
	}{
		{10*s + 1, 10*s + 1, true}, {10*s + 1, 10*s + 2, false}, {10*s + 2, 10*s + 1, true},
		{10 * s, 11*s + 5, true}, {10 * s, 12 * s, false},
	} {
		if got := (stamp{Mtime: test.mtime}).notOlder(test.ref); got != test.want {
			t.Errorf("%d not older than %d: %v", test.mtime, test.ref, got)
		}
	}
}

// Track takes files, directories and patterns, there or not.
func TestTracked(t *testing.T) {
	for name, test := range map[string]struct {
		track  string
		change func(f folder)
		want   string
	}{
		"file":                 {"a.conf", func(f folder) { f.write("a.conf", "x") }, "a.conf"},
		"file replaced":        {"a.conf", func(f folder) { f.replace("a.conf", "a.conf") }, "a.conf"},
		"file removed":         {"a.conf", func(f folder) { f.check(os.Remove(f.path("a.conf"))) }, "a.conf"},
		"file not yet":         {"new.conf", func(f folder) { f.write("new.conf", "") }, "new.conf"},
		"file deep, not yet":   {"x/y/new.conf", func(f folder) { f.write("x/y/new.conf", "") }, "x/y/new.conf"},
		"tree":                 {"d", func(f folder) { f.write("d/e/deep", "x") }, "d/e/deep"},
		"tree, new file":       {"d", func(f folder) { f.write("d/e/f/new", "") }, "d/e/f/new"},
		"tree, removed":        {"d", func(f folder) { f.check(os.RemoveAll(f.path("d/e"))) }, "d/e/deep"},
		"tree, a swap file":    {"d", func(f folder) { f.write("d/.new.swp", "") }, ""},
		"tree, empty, is none": {"d", func(f folder) { f.check(os.Mkdir(f.path("d/none"), 0o755)) }, ""},
		"tree not yet":         {"later", func(f folder) { f.check(os.Mkdir(f.path("later"), 0o755)) }, "later"},
		"glob":                 {"*.conf", func(f folder) { f.write("a.conf", "x") }, "a.conf"},
		"glob, new":            {"*.conf", func(f folder) { f.write("new.conf", "") }, "new.conf"},
		"glob, another":        {"*.conf", func(f folder) { f.write("new.txt", "") }, ""},
		"glob, directory":      {"d/*/deep", func(f folder) { f.write("d/new/deep", "") }, "d/new/deep"},
		"glob, not yet":        {"no/*.x", func(f folder) { f.write("no/1.x", "") }, "no/1.x"},
		"glob, a tree":         {"[d]", func(f folder) { f.write("d/e/new", "") }, "d/e/new"},
		"a name with a star":   {"we[i]rd", func(f folder) { f.write("we[i]rd", "x") }, "we[i]rd"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, "a.conf", "other", "d/e/deep")
			if name == "a name with a star" {
				f.write("we[i]rd", "")
			}
			p := newPoller(0)
			p.set(trackRoots([]string{f.path(test.track)}))
			if c := p.sweep(); c.any() {
				t.Fatalf("%+v before the change", c)
			}
			test.change(f)
			want := change{}
			if test.want != "" {
				want.Tracked = f.path(test.want)
			}
			if c := p.sweep(); c != want {
				t.Errorf("%+v, want %+v", c, want)
			}
			if c := p.sweep(); c.any() {
				t.Errorf("%+v, once more", c)
			}
		})
	}
}

// A path that several roots lead to is there once, and is all that they say.
func TestSetOnce(t *testing.T) {
	f := newFolder(t, "app", "a.go", "x.txt")
	p := f.poller(
		root{Kind: pkg, Source: true}, root{Kind: pkg, Source: true}, root{Kind: tree, Tracked: true},
		root{Kind: file, Tracked: true, Path: "a.go"}, root{Kind: program, Path: "app"},
		root{Kind: glob, Source: true, Path: "*.txt"}, root{Kind: glob, Source: true, Path: "*.md"},
	)
	if p.Folders != 4 || len(p.files()) != 3 { // for pkg, tree, *.txt and *.md
		t.Errorf("%d directories, %d files", p.Folders, len(p.files()))
	}
	type flags struct{ source, tracked, program bool }
	for name, want := range map[string]flags{
		"a.go": {true, true, false}, "x.txt": {true, true, false}, "app": {false, true, true},
	} {
		i := p.find(f.dir, name)
		if i < 0 {
			t.Fatalf("no %s", name)
		}
		r := p.Records[i]
		if got := (flags{r.Source, r.Tracked, r.Kind == program}); got != want || p.path(&r) != f.path(name) || p.pathOf(&r) != f.path(name) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	for _, absent := range []string{"", "a", "a.go.", "zzz"} {
		if i := p.find(f.dir, absent); i >= 0 {
			t.Errorf("%q is at %d", absent, i)
		}
	}
}

// A new set keeps the stamps of what was known, says what came, and notes what went.
func TestSetKeepsStamps(t *testing.T) {
	f := newFolder(t, "a/1.go", "a/2.go", "b/3.go", "c/4.go")
	p := f.poller(root{Kind: pkg, Source: true, Path: "a"}, root{Kind: pkg, Source: true, Path: "b"})
	f.write("a/1.go", "changed")
	known := p.fileSet
	came, gone := p.set([]root{{Kind: pkg, Source: true, Path: f.path("a")}, {Kind: pkg, Source: true, Path: f.path("c")}}, &known)
	var paths []string
	for _, i := range came {
		paths = append(paths, p.path(&p.Records[i]))
	}
	if want := []string{f.path("c"), f.path("c/4.go")}; !slices.Equal(paths, want) {
		t.Errorf("%q came, want %q", paths, want)
	}
	if gone != (change{Source: f.path("b/3.go")}) {
		t.Errorf("gone: %+v", gone)
	}
	if c := p.sweep(); c.Source != f.path("a/1.go") {
		t.Errorf("the edit before the set: %+v", c)
	}
}

// A file that comes while a set is made, when the names of its directory have been read, is
// not lost.
func TestFileBesideSet(t *testing.T) {
	f := newFolder(t, "a.go")
	p := newPoller(0)
	n := 0
	p.stat = func(name string) (os.FileInfo, error) {
		if name == f.path("a.go") && n == 0 { // between the names and the files
			n++
			f.write("late.go", "")
		}
		return os.Stat(name)
	}
	p.set([]root{{Kind: pkg, Source: true, Path: f.dir}})
	if c := p.sweep(); c.Source != f.path("late.go") {
		t.Errorf("%+v", c)
	}
}

// A fresh file that goes leaves nothing behind but its name.
func TestFreshFileGoes(t *testing.T) {
	f := newFolder(t)
	f.write("a.conf", "x")
	p := newPoller(0)
	p.set(trackRoots([]string{f.path("a.conf")}))
	f.check(os.Remove(f.path("a.conf")))
	if c := p.sweep(); c.Tracked == "" {
		t.Error("not seen")
	}
	if r := p.files()[0]; r.stamp != (stamp{}) || r.exists() {
		t.Errorf("%+v", r)
	}
	known := p.fileSet
	if _, gone := p.set(nil, &known); gone.any() {
		t.Errorf("%+v went twice", gone)
	}
}

// What paths are made of is reused, and never overwritten.
func TestPathsLast(t *testing.T) {
	f := newFolder(t, "a.go", "b.go")
	p := f.poller(root{Kind: pkg, Source: true})
	first := p.path(&p.files()[0])
	for i := 0; i < 10000; i++ {
		if got := p.path(&p.files()[1]); got != f.path("b.go") {
			t.Fatal(got)
		}
	}
	if first != f.path("a.go") {
		t.Error(first)
	}
	if n := testing.AllocsPerRun(1000, func() { p.path(&p.files()[0]) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// However much there was to read, an edit is not kept waiting for long: neither by a file
// so large, nor by so many.
func TestLargeFiles(t *testing.T) {
	f := newFolder(t, "a.go")
	large, err := os.Create(f.path("large"))
	f.check(err)
	f.check(large.Truncate(1 << 30))
	f.check(large.Close())
	for i := 0; i < 40; i++ {
		f.write(fmt.Sprint("static/", i), strings.Repeat("x", 900<<10))
	}
	p := f.poller(root{Kind: pkg, Source: true}, root{Kind: glob, Source: true, Path: "static"}, root{Kind: file, Tracked: true, Path: "large"})
	p.left = -1 << 30
	p.tick()
	f.write("a.go", "x")
	for n := 0; ; n++ {
		if c := p.tick(); c.Source != "" {
			break
		}
		if n > 100 {
			t.Fatalf("not seen in %d ticks", n)
		}
	}
}
