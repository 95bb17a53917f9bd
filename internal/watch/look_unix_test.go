//go:build unix

package watch

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// sameButIdentity is os.Stat as if all files had the times and the mode of one of them:
// they differ in their identity and size. The identity comes out as other makes it.
func sameButIdentity(f folder, model string, other func(*syscall.Stat_t)) statFunc {
	info, err := os.Stat(f.path(model))
	f.check(err)
	like := *info.Sys().(*syscall.Stat_t)
	return func(name string) (os.FileInfo, error) {
		found, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		st := like
		st.Ino = found.Sys().(*syscall.Stat_t).Ino
		other(&st)
		return identityInfo{plainInfo{found, info.ModTime()}, &st}, nil
	}
}

type identityInfo struct {
	plainInfo
	st *syscall.Stat_t
}

func (i identityInfo) Sys() any { return i.st }

// lasting is how files have identities.
func lasting(*syscall.Stat_t) {}

// madeUp returns identities that are others with every look.
func madeUp() func(*syscall.Stat_t) {
	n := 0
	return func(st *syscall.Stat_t) {
		n++
		st.Ino = 1000
		for i := 0; i < n; i++ {
			st.Ino++ // of a type that differs between systems
		}
	}
}

// A file, or what a link points to, that another one takes the place of is told by its identity
// where everything else is the same; or by its content, if that counts.
func TestIdentity(t *testing.T) {
	for name, test := range map[string]struct {
		use  Purpose
		to   string
		want bool
	}{
		"source":                {Source, "two.txt", true},
		"source, same content":  {Source, "copy.txt", true},
		"tracked":               {Tracked, "two.txt", true},
		"tracked, same content": {Tracked, "copy.txt", false},
		"executable":            {Executable, "two.txt", true},
	} {
		for how, change := range map[string]func(f folder){
			"link":   func(f folder) { f.link("a.go", test.to) },
			"rename": func(f folder) { f.check(os.Rename(f.path(test.to), f.path("a.go"))) },
		} {
			t.Run(name+" "+how, func(t *testing.T) {
				f := newFolder(t)
				f.write("one.txt", "one")
				f.write("two.txt", "two")
				f.write("copy.txt", "one")
				for _, name := range []string{"one.txt", "two.txt", "copy.txt"} {
					f.age(name, time.Hour)
				}
				f.link("a.go", "one.txt")
				p := New(0)
				p.stat = sameButIdentity(f, "one.txt", lasting)
				p.Watch(f.roots(Root{File, test.use, "a.go"}))
				p.set.files()[0].fresh = false // as if it had been watched for long
				change(f)
				want := ""
				if test.want {
					want = "a.go"
				}
				f.want(p.Sweep(), test.use, want)
				f.want(p.Sweep(), test.use, "")
			})
		}
	}
}

// Identities that change all the time, as some file systems make them up, soon count for nothing.
// Everything else still counts, and what is tracked is not read with every look.
func TestIdentitiesMadeUp(t *testing.T) {
	for name, use := range map[string]Purpose{"source": Source, "tracked": Tracked} {
		for kind, root := range map[string]Root{"alone": {File, use, "a.go"}, "package": {Package, use, ""}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				f := newFolder(t, "a.go", "b.go")
				p := New(0)
				p.stat = sameButIdentity(f, "a.go", madeUp())
				p.Watch(f.roots(root))
				changes := 0
				for i := 0; i < 50; i++ {
					if c := p.Sweep(); c.Any() {
						changes++
						if i > 20 {
							t.Fatalf("sweep %d: %q", i, c)
						}
					}
				}
				if use == Source && changes == 0 || use == Tracked && changes > 0 {
					t.Errorf("%d changes", changes)
				}
				if !p.unstable {
					t.Error("identities still count")
				}
				f.write("a.go", "longer than it was")
				f.want(p.Sweep(), use, "a.go")
				f.write("a.go", "")
				f.want(p.Sweep(), use, "a.go")
				f.remove("a.go")
				f.want(p.Sweep(), use, "a.go")
				f.want(p.Sweep(), use, "")
			})
		}
	}
}

// What is known by identities that count for nothing by now has not changed by that.
func TestSnapshotWithIdentities(t *testing.T) {
	f := newFolder(t, "a.go")
	roots := f.roots(Root{Package, Source, ""})
	p := New(0)
	p.unstable = true
	p.Watch(roots, Snapshot(roots))
	f.want(p.Sweep(), Source, "")
}

// without has something happen while this process can open no more files.
func without(f folder, do func()) {
	f.Helper()
	var most syscall.Rlimit
	f.check(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most))
	none := most
	none.Cur = 3
	f.check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none))
	defer func() { f.check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &most)) }()
	if file, err := os.Open(os.DevNull); !errors.Is(err, syscall.EMFILE) {
		file.Close()
		f.Skipf("a descriptor is left: %v", err)
	}
	do()
}

// A directory that cannot be read just now, as when the program has no descriptor left, is read
// again: what is in it is not forgotten.
func TestNoDescriptorLeft(t *testing.T) {
	for _, use := range []Purpose{Source, Tracked} {
		f := newFolder(t, "a.go")
		roots := f.roots(Root{Package, use, ""})
		f.age("", time.Hour)
		p := New(0)
		p.stat = mtimeOnly // the time of the last change of any kind is now
		p.Watch(roots)
		p.set.records[0].fresh = true
		without(f, func() { f.want(p.Sweep(), use, "") })
		f.want(p.Sweep(), use, "")
		without(f, func() { p.Watch(roots) })
		p.Sweep()
		p.Sweep()
		f.write("a.go", "edited")
		f.want(p.Sweep(), use, "a.go")
	}
}

// A content that cannot be read just now is read again.
func TestNoDescriptorForContent(t *testing.T) {
	f := newFolder(t, "a.conf")
	p := New(0)
	p.stat = mtimeOnly
	p.Watch(f.roots(Root{Pattern, Tracked, "a.conf"}))
	f.age("a.conf", 2*time.Hour)
	without(f, func() { f.want(p.Sweep(), Tracked, "") })
	f.want(p.Sweep(), Tracked, "")
	f.write("a.conf", "edited")
	f.age("a.conf", time.Minute)
	var c Change
	without(f, func() { c = p.Sweep() })
	f.want(c.Or(p.Sweep()), Tracked, "a.conf")
	f.want(p.Sweep(), Tracked, "")
}
