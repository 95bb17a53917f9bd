package watch

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"testing"
	"time"
)

// byContent are the purposes whose files count by their content alone.
var byContent = map[string]struct {
	For      Purpose
	contents bool
}{
	"tracked": {Tracked, false},
	"input":   {Input, false},
	"source":  {Source, true},
}

// sorts runs a test for every sort of file whose content alone counts, named by itself or found
// in a directory, watched for long or written just now, with what each system tells and with the
// least.
func sorts(t *testing.T, test func(f folder, p *Poller, use Purpose)) {
	t.Helper()
	for name, sort := range byContent {
		for kind, root := range map[string]Root{
			"alone": {Pattern, sort.For, "a.go"}, "file": {File, sort.For, "a.go"},
			"package": {Package, sort.For, ""}, "tree": {Tree, sort.For, ""},
		} {
			for what, stat := range map[string]statFunc{"all": os.Stat, "old": mtimeOnly} {
				t.Run(name+" "+kind+" "+what, func(t *testing.T) {
					f := newFolder(t, "a.go", "b.go")
					p := New(0)
					p.stat, p.Contents = stat, sort.contents
					p.Watch(f.roots(root))
					test(f, p, sort.For)
				})
			}
		}
	}
}

// A file whose content is the same has not changed, and what does change it is seen after that
// as well.
func TestSameContent(t *testing.T) {
	sorts(t, func(f folder, p *Poller, use Purpose) {
		n := 0
		for name, same := range map[string]func(content string){
			"nothing":                func(string) {},
			"touched":                func(string) { f.age("a.go", 0) },
			"older":                  func(string) { f.age("a.go", 48*time.Hour) },
			"from the future":        func(string) { f.age("a.go", -48*time.Hour) },
			"mode":                   func(string) { f.check(os.Chmod(f.path("a.go"), 0o444)); f.check(os.Chmod(f.path("a.go"), 0o600)) },
			"written":                func(content string) { f.write("a.go", content) },
			"replaced":               func(content string) { f.replace("a.go", content) },
			"replaced by an old one": func(content string) { f.replace("a.go", content); f.age("a.go", 24*time.Hour) },
			"away and back": func(string) {
				f.check(os.Rename(f.path("a.go"), f.path("a.go~")))
				f.check(os.Rename(f.path("a.go~"), f.path("a.go")))
			},
			"hard link": func(string) {
				if err := os.Link(f.path("a.go"), f.path("a.go~")); err != nil {
					f.Skip(err)
				}
				f.check(os.Remove(f.path("a.go~")))
			},
		} {
			content, err := os.ReadFile(f.path("a.go"))
			f.check(err)
			same(string(content))
			if c := p.Sweep(); c.Any() {
				f.Errorf("%s: %q", name, c)
			}
			n++
			f.write("a.go", fmt.Sprintf("%04d", n)) // of the same length
			f.age("a.go", time.Duration(n)*time.Minute)
			if c := p.Sweep(); c[use] != f.path("a.go") {
				f.Errorf("an edit after %s: %q", name, c)
			}
			if c := p.Sweep(); c.Any() {
				f.Errorf("an edit after %s, once more: %q", name, c)
			}
		}
	})
}

// A removal is a change, and so is the coming back, even of what was there before.
func TestContentComesBack(t *testing.T) {
	sorts(t, func(f folder, p *Poller, use Purpose) {
		for i := 0; i < 3; i++ {
			f.remove("a.go")
			f.want(p.Sweep(), use, "a.go")
			f.want(p.Sweep(), use, "")
			f.write("a.go", "a.go")
			f.age("a.go", time.Hour)
			f.want(p.Sweep(), use, "a.go")
			f.want(p.Sweep(), use, "")
			f.age("a.go", 2*time.Hour)
			f.want(p.Sweep(), use, "")
		}
	})
}

// A source counts by its stamp, unless the poller is told otherwise.
func TestSourceByStamp(t *testing.T) {
	f := newFolder(t, "a.go")
	p := f.poller(Root{Package, Source, ""})
	f.age("a.go", 2*time.Hour)
	f.want(p.Sweep(), Source, "a.go")
}

// However many edits there are, mixed with what is none, each sweep tells whether the contents
// differ.
func TestContentsAtRandom(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	f := newFolder(t)
	names := []string{"a", "b", "d/c", "d/e/f"}
	p := f.poller(Root{Tree, Tracked, ""}, Root{Pattern, Input, "?"})
	had := map[string]string{}
	for i := 0; i < 500; i++ {
		name := names[random.Intn(len(names))]
		content, there := had[name]
		was := content
		switch other := strings.Repeat("x", random.Intn(3)); random.Intn(7) {
		case 0:
			f.write(name, other)
			content = other
		case 1:
			f.replace(name, other)
			content = other
		case 2:
			f.write(name, content)
		case 3:
			f.replace(name, content)
		case 4:
			if there {
				f.age(name, time.Duration(random.Intn(100))*time.Minute)
			}
		case 5:
			if there {
				f.check(os.Chmod(f.path(name), 0o600))
			}
		case 6:
			f.remove(name)
		}
		_, err := os.Stat(f.path(name))
		if err == nil {
			had[name] = content
		} else {
			delete(had, name)
		}
		want := Change{}
		if there != (err == nil) || was != content && err == nil {
			want = Change{Tracked: f.path(name), Input: f.path(name)}
		}
		if c := p.Sweep(); c != want {
			t.Fatalf("step %d, %s: %q, want %q", i, name, c, want)
		}
	}
}

// Of a file that is too long to be compared, every new stamp is a change.
func TestLongContent(t *testing.T) {
	for _, extra := range []int64{0, 1} {
		f := newFolder(t, "a")
		resize := func(size int64) {
			f.check(os.Truncate(f.path("a"), size))
			f.age("a", time.Hour)
		}
		resize(contentLength + extra)
		p := f.poller(Root{Pattern, Tracked, "a"})
		seen := func(what string, want bool) {
			t.Helper()
			if c := p.Sweep(); c.Any() != want {
				t.Errorf("%d bytes too long, %s: %q", extra, what, c)
			}
		}
		seen("nothing", false)
		f.age("a", 2*time.Hour)
		seen("touched", extra > 0)
		file, err := os.OpenFile(f.path("a"), os.O_WRONLY, 0)
		f.check(err)
		_, err = file.WriteAt([]byte{1}, contentLength-1)
		f.check(err)
		f.check(file.Close())
		f.age("a", 3*time.Hour)
		seen("edited at the end", true)
		resize(contentLength + 1)
		seen("longer", true)
		resize(contentLength)
		seen("not any more", true)
		f.age("a", 2*time.Hour)
		seen("touched", false)
		f.remove("a")
		seen("removed", true)
		f.write("a", "")
		resize(contentLength + extra)
		seen("back", true)
		seen("once more", false)
	}
}

// manyContents makes readAtOnce+n files, and names the last n of them.
func manyContents(t *testing.T, n int) (f folder, last []string) {
	f = newFolder(t, "00000")
	for i := 1; i < readAtOnce; i++ {
		f.another(fmt.Sprintf("%05d", i), "00000")
	}
	for i := 0; i < n; i++ {
		name := fmt.Sprintf("%05d", readAtOnce+i)
		f.write(name, name)
		f.age(name, time.Hour)
		last = append(last, name)
	}
	return f, last
}

// trackAll watches what manyContents has made, as if it were not fresh. It does not read the file
// that is named at once.
func trackAll(f folder, name string) *Poller {
	p := New(0)
	p.stat = mtimeOnly
	p.Watch([]Root{{Tree, Tracked, f.dir}})
	if r := p.set.find(f.dir, name); r == nil || r.hash != notRead {
		f.Fatalf("%s is %+v", name, r)
	}
	return p
}

func unread(p *Poller) (n int) {
	for i := range p.set.files() {
		if p.set.files()[i].hash == notRead {
			n++
		}
	}
	return n
}

// readAll polls until all contents are known.
func readAll(t *testing.T, p *Poller) {
	t.Helper()
	for n := 0; unread(p) > 0; n++ {
		if c := p.Tick(); c.Any() {
			t.Fatalf("tick %d: %q", n, c)
		}
		if n > 10000 {
			t.Fatalf("%d files are not read after %d ticks", unread(p), n)
		}
	}
}

// between has an edit happen between a look at a file and the reading of its content.
func between(p *Poller, path string, edit func()) {
	stat := p.stat
	p.stat = func(name string) (os.FileInfo, error) {
		info, err := stat(name)
		if name == path {
			p.stat = stat
			edit()
		}
		return info, err
	}
}

// The contents of very many files are not all read at once, but in time. Until then, every edit of
// one is a change.
func TestManyContents(t *testing.T) {
	f, last := manyContents(t, 20)
	t.Run("in time", func(t *testing.T) {
		f.age("", time.Hour) // a fresh directory is read with each tick, and here those come without a pause
		p := trackAll(f, last[7])
		if got := unread(p); got != len(last) {
			t.Errorf("%d files are not read, want %d", got, len(last))
		}
		if c := p.Tick(); c.Any() || unread(p) < 10 {
			t.Errorf("a tick, and %d files are not read; %q", unread(p), c)
		}
		readAll(t, p)
		f.age(last[7], 2*time.Hour)
		f.want(p.Sweep(), Tracked, "")
		f.write(last[7], "54321")
		f.want(p.Sweep(), Tracked, last[7])
	})
	for i, change := range []struct {
		name string
		do   func(name string)
	}{
		{"edit", func(name string) { f.write(name, "other") }},
		{"replace", func(name string) { f.replace(name, "other") }},
		{"removal", func(name string) { f.remove(name) }},
	} {
		t.Run(change.name+", tick", func(t *testing.T) {
			name := last[i]
			p := trackAll(f, name)
			change.do(name)
			for n := 0; ; n++ {
				if c := p.Tick(); c.Any() {
					f.want(c, Tracked, name)
					break
				}
				if n > 10000 {
					t.Fatal("not seen")
				}
			}
			readAll(t, p)
			f.want(p.Sweep(), Tracked, "")
		})
		t.Run(change.name+", sweep", func(t *testing.T) {
			name := last[10+i]
			p := trackAll(f, name)
			change.do(name)
			f.want(p.Sweep(), Tracked, name)
			f.want(p.Sweep(), Tracked, "")
		})
	}
	t.Run("edit between the look and the reading", func(t *testing.T) {
		p := trackAll(f, last[5])
		between(p, f.path(last[5]), func() { f.write(last[5], "other") })
		c := p.Sweep()
		f.want(c.Or(p.Sweep()), Tracked, last[5])
		f.want(p.Sweep(), Tracked, "")
	})
}

// Which part of a content was read depends on what the file is watched for: what becomes
// watched for something else has not changed.
func TestContentOfAnotherPart(t *testing.T) {
	f := newFolder(t)
	large := bytes.Repeat([]byte("x"), 2*freshLength)
	f.write("a.go", string(large))
	source, tracked := Root{Package, Source, f.dir}, Root{Pattern, Tracked, f.path("a.go")}
	p := New(0)
	for i, roots := range [][]Root{{source}, {source, tracked}, {tracked}, {source}, {tracked, source}, {source}} {
		p.Watch(roots)
		if c := p.Sweep(); c.Any() {
			t.Errorf("%d: %q", i, c)
		}
	}
	p.Watch([]Root{source, tracked})
	large[len(large)-1]++
	f.write("a.go", string(large))
	if c := p.Sweep(); c != (Change{Source: f.path("a.go"), Tracked: f.path("a.go")}) {
		t.Errorf("an edit at the end: %q", c)
	}
}

// A source that is saved as it was counts only with AnySave, which may be changed at any time.
func TestAnySave(t *testing.T) {
	f := newFolder(t, "src/a.go")
	p := New(0)
	p.Contents = true
	p.Watch(f.roots(Root{Package, Source, "src"}, Root{Pattern, Tracked, "src/a.go"}))
	p.Watch(f.roots(Root{Package, Source, "src"}))
	for i, any := range []bool{false, true, true, false, false} {
		p.AnySave = any
		f.age("src/a.go", time.Duration(10+i)*time.Minute)
		if c := p.Sweep(); c.Any() != any {
			t.Errorf("round %d: %q", i, c)
		}
	}
}
