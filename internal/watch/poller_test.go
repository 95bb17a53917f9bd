package watch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// Every kind of change to a source is seen once, and named; so it is where contents count,
// if the content has changed.
func TestChanges(t *testing.T) {
	for name, test := range map[string]struct {
		change func(f folder)
		want   string // the file that the change is to name; "" for none
		same   bool   // the contents are
	}{
		"nothing":              {func(f folder) {}, "", true},
		"written":              {func(f folder) { f.write("a.go", "other text") }, "a.go", false},
		"written, same size":   {func(f folder) { f.write("a.go", "a.oo") }, "a.go", false},
		"emptied":              {func(f folder) { f.write("a.go", "") }, "a.go", false},
		"touched":              {func(f folder) { f.age("a.go", 0) }, "a.go", true},
		"older":                {func(f folder) { f.age("a.go", 48*time.Hour) }, "a.go", true},
		"from the future":      {func(f folder) { f.age("a.go", -48*time.Hour) }, "a.go", true},
		"replaced":             {func(f folder) { f.replace("a.go", "a.oo") }, "a.go", false},
		"removed":              {func(f folder) { f.remove("a.go") }, "a.go", false},
		"renamed":              {func(f folder) { f.check(os.Rename(f.path("a.go"), f.path("z_test.go"))) }, "a.go", false},
		"new":                  {func(f folder) { f.write("new.go", "") }, "new.go", false},
		"a link made":          {func(f folder) { f.check(os.Symlink("a.go", f.path("link.go"))) }, "link.go", false},
		"its directory gone":   {func(f folder) { f.remove("") }, "a.go", false},
		"a test file written":  {func(f folder) { f.write("a_test.go", "") }, "", false},
		"a directory made":     {func(f folder) { f.write("sub/b.go", "") }, "", false},
		"and named like one":   {func(f folder) { f.write("sub.go/b.go", "") }, "", false},
		"a swap file written":  {func(f folder) { f.write(".a.go.swp", "") }, "", false},
		"a probe of Vim's":     {func(f folder) { f.write("4913", ""); f.remove("4913") }, "", false},
		"a backup written":     {func(f folder) { f.write("a.go~", "") }, "", false},
		"a log file written":   {func(f folder) { f.write("app.log", "") }, "", false},
		"seen in its last bit": {func(f folder) { f.write("a.go", "a.gn") }, "a.go", false},
	} {
		for _, contents := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", contents), func(t *testing.T) {
				if name == "a link made" && runtime.GOOS == "windows" {
					t.Skip("takes a privilege")
				}
				f := newFolder(t, "a.go")
				p := New(0)
				p.Contents = contents
				p.Watch(f.roots(Root{Package, Source, ""}))
				if c := p.Sweep(); c.Any() {
					t.Fatalf("%q before the change", c)
				}
				test.change(f)
				want := test.want
				if contents && test.same {
					want = ""
				}
				f.want(p.Sweep(), Source, want)
				f.want(p.Sweep(), Source, "") // once more
			})
		}
	}
}

// A change of mode counts, where contents do not: a file that cannot be read is another program.
func TestModeCounts(t *testing.T) {
	f := newFolder(t, "a.go")
	p := f.poller(Root{Package, Source, ""})
	p.stat = mtimeOnly
	p.Sweep()
	f.check(os.Chmod(f.path("a.go"), 0o444))
	f.want(p.Sweep(), Source, "a.go")
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
	for name, use := range map[string]Purpose{"source": Source, "tracked": Tracked} {
		t.Run(name+", change time", func(t *testing.T) {
			f := newFolder(t, "a.go")
			info, err := os.Stat(f.path("a.go"))
			f.check(err)
			if changed, _ := system.FileID(info); changed == 0 {
				t.Skip("this system has no change time")
			}
			p := f.poller(Root{Package, use, ""})
			p.set.files()[0].fresh = false // as if it had been watched for long
			save(f, "a.go", "a.oo")
			f.want(p.Sweep(), use, "a.go")
		})
		t.Run(name+", fresh", func(t *testing.T) {
			f := newFolder(t, "a.go")
			f.age("a.go", 0)
			p := New(0)
			p.stat = mtimeOnly
			p.Watch(f.roots(Root{Package, use, ""}))
			save(f, "a.go", "a.oo")
			f.want(p.Sweep(), use, "a.go")
		})
	}
}

// The executable counts by its stamp alone, whatever else it is: it may be large.
func TestExecutable(t *testing.T) {
	f := newFolder(t, "app", "app.conf")
	p := f.poller(Root{File, Executable, "app"}, Root{Pattern, Tracked, "app*"})
	f.age("app", 2*time.Hour)
	if c := p.Sweep(); c != (Change{Executable: f.path("app"), Tracked: f.path("app")}) {
		t.Errorf("touched: %q", c)
	}
	f.age("app.conf", 2*time.Hour)
	f.want(p.Sweep(), Tracked, "")
	for _, r := range p.set.files() {
		if r.is(Executable) && (r.fresh || r.hash != notRead) {
			t.Errorf("it was read: %+v", r)
		}
	}
	f.remove("app")
	if c := p.Sweep(); c[Executable] == "" {
		t.Errorf("removed: %q", c)
	}
	f.write("app", "deployed")
	if c := p.Sweep(); c[Executable] == "" {
		t.Errorf("deployed: %q", c)
	}
}

// saves writes a file again and again, always of the same size, and wants every save seen.
func saves(t *testing.T, f folder, p *Poller, use Purpose) {
	t.Helper()
	p.Watch([]Root{{Package, use, f.dir}})
	for i := 0; i < 50; i++ {
		f.write("a.go", fmt.Sprintf("%04d", i))
		if c := p.Sweep(); c[use] == "" {
			t.Fatalf("save %d was not seen", i)
		}
		if c := p.Sweep(); c.Any() {
			t.Fatalf("%q, but nothing was saved", c)
		}
	}
}

// Times of whole seconds, as some file systems have them, hide no save.
func TestCoarseTimes(t *testing.T) {
	for _, use := range []Purpose{Source, Tracked} {
		f := newFolder(t, "a.go")
		p := New(0)
		p.stat = func(name string) (os.FileInfo, error) {
			info, err := os.Stat(name)
			if err != nil {
				return nil, err
			}
			return plainInfo{info, info.ModTime().Truncate(time.Second)}, nil
		}
		saves(t, f, p, use)
	}
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
	p := New(0)
	saves(t, f, p, Source)
	saves(t, f, p, Tracked)
	for i := 0; i < 50; i++ {
		name := fmt.Sprintf("new%d.go", i)
		f.write(name, "")
		f.want(p.Sweep(), Tracked, name)
	}
}

func TestFresh(t *testing.T) {
	now := time.Now()
	for age, want := range map[time.Duration]bool{
		0: true, time.Second: true, 1999 * time.Millisecond: true, 2 * time.Second: false, time.Hour: false,
		-time.Second: true, -59 * time.Second: true, -2 * time.Minute: false, // a clock that is ahead, and one that is wrong
	} {
		then := now.Add(-age).UnixNano()
		for _, s := range []stamp{{mtime: then}, {mtime: now.Add(-time.Hour).UnixNano(), ctime: then}} {
			if age >= -time.Minute/2 || s.ctime == 0 {
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

// A file that comes while a set is made, when the names of its directory have been read, is
// not lost.
func TestFileBesideSet(t *testing.T) {
	f := newFolder(t, "a.go")
	p := New(0)
	between(p, f.path("a.go"), func() { f.write("late.go", "") }) // between the names and the files
	p.Watch(f.roots(Root{Package, Source, ""}))
	f.want(p.Sweep(), Source, "late.go")
}

// Nor is one that goes before a set is made again, when it has been looked at.
func TestFileGoesBesideSet(t *testing.T) {
	f := newFolder(t, "a.go", "z.conf", "in/b.go")
	p := f.poller(Root{Package, Source, ""}, Root{Package, Input, "in"}, Root{File, Tracked, "z.conf"})
	f.write("in/new.go", "")                                  // for which it is made again
	between(p, f.path("z.conf"), func() { f.remove("a.go") }) // which is looked at after a.go
	want := Change{Source: f.path("a.go"), Input: f.path("in/new.go")}
	if c := p.Sweep(); c != want {
		t.Errorf("%q, want %q", c, want)
	}
	f.want(p.Sweep(), Source, "")
}

// A fresh file that goes leaves nothing behind but its name.
func TestFreshFileGoes(t *testing.T) {
	f := newFolder(t)
	f.write("a.conf", "x")
	p := f.poller(Root{Pattern, Tracked, "a.conf"})
	f.remove("a.conf")
	f.want(p.Sweep(), Tracked, "a.conf")
	if r := p.set.files()[0]; r.stamp != (stamp{}) || r.exists() || r.fresh {
		t.Errorf("%+v", r)
	}
	if _, gone := p.Watch(nil); gone.Any() {
		t.Errorf("%q went twice", gone)
	}
}

// What paths are made of is reused, and never overwritten.
func TestPathsLast(t *testing.T) {
	f := newFolder(t, "a.go", "b.go")
	p := f.poller(Root{Package, Source, ""})
	first := p.path(&p.set.files()[0])
	for i := 0; i < 10000; i++ {
		if got := p.path(&p.set.files()[1]); got != f.path("b.go") {
			t.Fatal(got)
		}
	}
	if first != f.path("a.go") {
		t.Error(first)
	}
	if n := testing.AllocsPerRun(1000, func() { p.path(&p.set.files()[0]) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// However much there was to read, an edit is not kept waiting for long: neither by a file
// so large, nor by so many.
func TestLargeFiles(t *testing.T) {
	for _, use := range []Purpose{Source, Tracked} {
		f := newFolder(t, "a.go")
		for name, size := range map[string]int64{"large": 1 << 30, "less": contentLength} {
			f.write(name, "")
			f.check(os.Truncate(f.path(name), size))
		}
		for i := 0; i < 40; i++ {
			f.write(fmt.Sprint("static/", i), strings.Repeat("x", 900<<10))
		}
		p := f.poller(Root{Package, use, ""}, Root{Pattern, use, "static"}, Root{File, Tracked, "large"}, Root{File, Tracked, "less"})
		p.left = -1 << 30
		p.cost = time.Microsecond
		p.Tick()
		f.write("a.go", "x")
		for n := 0; ; n++ {
			p.cost = time.Microsecond // whatever else is at work
			if c := p.Tick(); c[use] != "" {
				break
			}
			if n > 60 {
				t.Fatalf("not seen in %d ticks", n)
			}
		}
	}
}
