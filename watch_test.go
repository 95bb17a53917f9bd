package restarter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// newWatching returns a watcher in a folder with the executable "app", an hour old, the package
// "src" and the file "a.conf". It is as it was when the folder was made, and its executable
// is one that the program was started from.
func newWatching(t *testing.T) (folder, *watcher) {
	f := newFolder(t, "app", "src/main.go", "src/other.go", "a.conf", "old.go", "static/a", "static/b")
	f.check(os.Mkdir(f.path("private"), 0o700))
	for _, dir := range []string{"", "src", "static"} {
		f.age(dir, 2*time.Hour)
	}
	info, err := os.Stat(f.path("app"))
	f.check(err)
	id, err := contentID(f.path("app"))
	f.check(err)
	s := settings{Program: f.path("app"), Old: stampOf(info), OldID: id, Began: info.ModTime().UnixNano(), Wd: f.dir, Quiet: true}
	w := newWatcher(f.path("private"), s)
	w.Dead = "nothing is built here"
	w.start()
	w.Known, w.Roots = true, []root{{Kind: pkg, Source: true, Path: f.path("src")}}
	w.renew(nil)
	return f, w
}

// successor returns the watcher that goes on where this one is.
func (w *watcher) successor(t *testing.T) *watcher {
	t.Helper()
	if err := w.save(); err != nil {
		t.Fatal(err)
	}
	next := newWatcher(w.dir, w.settings)
	next.start()
	return next
}

// job returns one that is under way.
func (w *watcher) newJob(lists, builds bool) *job {
	j := &job{lists: lists, builds: builds, recipe: w.recipe, roots: w.Roots, began: time.Now().UnixNano()}
	j.recipe.Dead = ""
	j.ctx, j.cancel = context.WithCancel(context.Background())
	return j
}

// asChild has Track do what it does in the child.
func asChild(t *testing.T) {
	was, paths := me, track.Paths
	me.role = child
	t.Cleanup(func() {
		me, track.Paths, track.Files = was, paths, nil
		select {
		case <-track.news:
		default:
		}
	})
}

// limit returns a channel that is closed when the test has to end: it is what watch waits for.
func limit(t *testing.T) <-chan struct{} {
	ctx, cancel := context.WithDeadline(context.Background(), deadline(t))
	t.Cleanup(cancel)
	return ctx.Done()
}

// What comes or goes between a sweep and the moment when other files are to be watched, or
// a new list of them is there, is not lost: the set is made again then.
func TestChangeBesideNewSet(t *testing.T) {
	for name, renew := range map[string]func(f folder, w *watcher){
		"adopt": func(f folder, w *watcher) {
			Track(f.path("a.conf"))
			w.adopt()
		},
		"relist": func(f folder, w *watcher) {
			more := root{Kind: file, Source: true, Path: f.path("go.mod")}
			w.relist(&job{lists: true, roots: append(w.Roots, more), began: time.Now().Add(time.Hour).UnixNano()})
		},
	} {
		for happened, do := range map[string]func(f folder) error{
			"nothing": func(f folder) error { return nil },
			"gone":    func(f folder) error { return os.Remove(f.path("src/main.go")) },
			"came":    func(f folder) error { return os.Rename(f.path("old.go"), f.path("src/old.go")) },
		} {
			t.Run(name+" "+happened, func(t *testing.T) {
				asChild(t)
				f, w := newWatching(t)
				w.Dead = ""
				f.check(do(f))
				renew(f, w)
				if seen := w.pending.Source != ""; seen != (happened != "nothing") {
					t.Errorf("pending: %+v", w.pending)
				}
			})
		}
	}
}

// What Track names is watched from the call on, whenever the watcher comes to adopt it.
func TestTrackedAtOnce(t *testing.T) {
	for happened, do := range map[string]func(f folder){
		"nothing": func(f folder) {},
		"edited":  func(f folder) { f.write("static/a", "x") },
		"gone":    func(f folder) { f.check(os.Remove(f.path("static/a"))) },
		"came":    func(f folder) { f.write("static/c", "") },
	} {
		for name, adopt := range map[string]func(f folder, w *watcher){
			"adopt": func(f folder, w *watcher) { w.adopt() },
			"another Track": func(f folder, w *watcher) {
				Track(f.path("a.conf"), "", f.path("static"))
				w.adopt()
			},
			"list": func(f folder, w *watcher) {
				j := w.newJob(true, false)
				j.roots = append(w.Roots, root{Kind: file, Source: true, Path: f.path("go.mod")})
				w.finish(j)
			},
		} {
			t.Run(happened+" "+name, func(t *testing.T) {
				asChild(t)
				f, w := newWatching(t)
				Track(f.path("static"))
				do(f)
				adopt(f, w)
				w.saw(w.poll.sweep())
				if seen := w.pending.Tracked != ""; seen != (happened != "nothing") || w.pending.Source != "" {
					t.Errorf("pending: %+v", w.pending)
				}
			})
		}
	}
}

// A call of Track looks at no file that an earlier one has looked at: a program may call it
// for each of thousands.
func TestTrackLooksOnce(t *testing.T) {
	asChild(t)
	f := newFolder(t, "a", "b")
	for _, name := range []string{"a", "b", "a"} {
		Track(f.path(name))
	}
	if len(track.Files) != 2 || len(track.Files[1].files()) != 1 {
		t.Errorf("%d looks, of %d files", len(track.Files), len(track.Files[1].files()))
	}
}

// A program that has named files and failed before its sources were listed is not launched
// again for them, but for a change since it named them.
func TestTrackedBeforeTheList(t *testing.T) {
	for _, edited := range []bool{false, true} {
		asChild(t)
		f, w := newWatching(t)
		w.Known, me.dir = false, w.dir
		Track(f.path("a.conf"))
		if edited {
			f.write("a.conf", "edited")
		}
		w.adopt()
		me.role = parent
		next := w.successor(t)
		next.saw(next.poll.sweep())
		if next.pending.Source != "" || (next.pending.Tracked != "") != edited {
			t.Errorf("edited %t, pending: %+v", edited, next.pending)
		}
	}
}

// What only the last child has named does not restart the next one, nor is it looked at.
func TestTrackedByTheLastOne(t *testing.T) {
	f, w := newWatching(t)
	w.tracked = []string{f.path("a.conf"), f.path("static"), f.path("src")}
	w.renew(nil)
	f.write("a.conf", "edited")
	f.write("static/a", "edited")
	w.saw(w.poll.sweep())
	next := w.successor(t)
	if next.pending.any() {
		t.Errorf("pending: %+v", next.pending)
	}
	for i := range next.poll.Records {
		if r := &next.poll.Records[i]; r.Tracked || !r.Source && r.Kind != program {
			t.Errorf("watched: %s", next.poll.path(r))
		}
	}
	f.write("src/main.go", "edited")
	if c := next.poll.sweep(); c.Source == "" || c.Tracked != "" {
		t.Errorf("%+v", c)
	}
}

// A file that was only tracked, and is part of the program by the new list, may have changed since
// the build read it.
func TestTrackedBecomesSource(t *testing.T) {
	f, w := newWatching(t)
	w.tracked = []string{f.path("static")}
	w.renew(nil)
	f.write("static/a", "edited")
	w.saw(w.poll.sweep())
	info, err := os.Stat(f.path("static/a"))
	f.check(err)
	written := info.ModTime().UnixNano()
	w.Dead = ""
	for _, late := range []bool{true, false} {
		w.Roots = w.Roots[:1]
		w.renew(nil)
		w.pending.Source = ""
		j := w.newJob(true, true)
		j.roots = append(w.Roots, root{Kind: glob, Source: true, Path: f.path("static")})
		if j.began = written; late {
			j.began += int64(time.Hour)
		}
		w.relist(j)
		if seen := w.pending.Source != ""; seen == late {
			t.Errorf("began after the edit: %t, pending: %+v", late, w.pending)
		}
	}
}

// The build of the unchanged program, after the start, may have read an edit that no poll has
// seen. Then it says nothing about the program that runs.
func TestEditDuringTheFirstBuild(t *testing.T) {
	f, w := newWatching(t)
	j := w.newJob(false, true)
	f.write("src/main.go", "an edit")
	j.id = "of the edit"
	w.finish(j)
	if w.Alias != "" || w.pending.Source == "" {
		t.Errorf("alias %q, pending %+v", w.Alias, w.pending)
	}
}

// Once a build has failed, no later child takes what it can build for the program that runs.
// It watches what would not build, too.
func TestFailedBuildIsHandedOver(t *testing.T) {
	f, w := newWatching(t)
	f.write("new/new.go", "broken")
	f.age("new/new.go", time.Hour)
	f.age("new", time.Hour)
	j := w.newJob(true, true)
	j.err = errors.New("exit status 1")
	j.roots = append(w.Roots, root{Kind: pkg, Source: true, Path: f.path("new")})
	w.finish(j)
	next := w.successor(t)
	if next.Alias == "" {
		t.Error("the next child builds what it takes for the unchanged program")
	}
	if next.pending.any() {
		t.Errorf("pending: %+v", next.pending)
	}
	f.write("new/new.go", "mended")
	if c := next.poll.sweep(); c.Source != f.path("new/new.go") {
		t.Errorf("the mend: %+v", c)
	}
}

// What came or went, in directories that the first list names since the program was built, or
// that a later one brings in since its build began, is a change.
func TestNamesSinceTheBuild(t *testing.T) {
	for _, first := range []bool{true, false} {
		for happened, do := range map[string]func(f folder){
			"nothing": func(f folder) {},
			"gone":    func(f folder) { f.check(os.Remove(f.path("static/a"))) },
			"came":    func(f folder) { f.check(os.Rename(f.path("old.go"), f.path("static/old.go"))) },
		} {
			for _, kind := range []kind{pkg, tree} {
				f, w := newWatching(t)
				f.write("static/a.go", "")
				f.age("static/a.go", 2*time.Hour)
				f.age("static", 2*time.Hour)
				j := w.newJob(true, true)
				j.began = time.Now().Add(-time.Minute).UnixNano()
				w.Known = !first
				do(f)
				j.roots = append(w.Roots, root{Kind: kind, Source: true, Path: f.path("static")})
				w.Dead = ""
				w.relist(j)
				if seen := w.pending.Source != ""; seen != (happened != "nothing") {
					t.Errorf("first %t, %s, kind %d: pending %+v", first, happened, kind, w.pending)
				}
			}
		}
	}
}

// Where something changes all the time, a build is let finish in the end, and its program
// runs; what it lacks is built next.
func TestChangesAllTheTime(t *testing.T) {
	f, w := newWatching(t)
	begin := func() *job {
		w.job, w.overtaken, w.pending = w.newJob(true, true), time.Time{}, change{}
		return w.job
	}
	j := begin()
	w.saw(change{Source: "one"})
	if j.ctx.Err() == nil {
		t.Fatal("a build was not overtaken")
	}
	j = begin()
	w.starving = time.Now().Add(-hunger) // since when builds have been overtaken
	w.saw(change{Source: "two"})
	if j.ctx.Err() != nil {
		t.Fatal("a build was overtaken once more")
	}
	w.job = nil
	j.id, j.exe = "another", f.path("app")
	if !w.finish(j) {
		t.Fatal("what was built does not run")
	}
	if next := w.successor(t); next.pending.Source != "two" || next.ID != "another" {
		t.Errorf("pending %+v, runs %s", next.pending, next.ID)
	}
}

// A file that is written all the time does not keep another from restarting the program.
func TestTrackedAllTheTime(t *testing.T) {
	t.Parallel()
	f, w := newWatching(t)
	w.tracked = []string{f.path("static")}
	w.renew(nil)
	n := 0
	w.poll.stat = func(name string) (os.FileInfo, error) {
		info, err := os.Stat(name)
		if name == f.path("static/b") {
			n++
			info = plainInfo{info, time.Unix(int64(n), 0)}
		}
		return info, err
	}
	f.write("static/a", "edited")
	if _, ok := w.watch(limit(t)); !ok {
		t.Error("no restart")
	}
}

// While the executable is gone or being replaced, a tracked change does not restart the
// program; a deploy does, and takes the tracked change with it.
func TestTrackedWhileReplaced(t *testing.T) {
	for _, built := range []bool{false, true} { // what runs is one that we have built
		built := built
		t.Run(fmt.Sprint("built ", built), func(t *testing.T) {
			t.Parallel()
			f, w := newWatching(t)
			if built {
				f.write("private/1/app", "built")
				w.Exe, w.ID = f.path("private/1/app"), "built"
			}
			w.tracked = []string{f.path("a.conf")}
			w.renew(nil)
			f.check(os.Remove(f.path("app")))
			f.write("a.conf", "edited")
			w.saw(w.poll.sweep())
			f.write("app", "deployed")
			if _, ok := w.watch(limit(t)); !ok || w.Exe != f.path("app") {
				t.Errorf("restart %t, of %s", ok, w.Exe)
			}
			if w.pending.any() {
				t.Errorf("pending: %+v", w.pending)
			}
		})
	}
}

// An executable that is not there is not restarted: the old program would be gone too.
func TestExecutableGone(t *testing.T) {
	f, w := newWatching(t)
	f.check(os.Remove(f.path("app")))
	w.pending.Tracked = f.path("a.conf")
	if w.hand(w.Exe, w.ID, w.Alias) {
		t.Error("handed over")
	}
	if exists(filepath.Join(w.dir, "handover")) {
		t.Error("a hand-over was written")
	}
}

// A child that leaves while a deploy is not yet still tells the next one of it.
func TestDeployIsHandedOver(t *testing.T) {
	f, w := newWatching(t)
	f.write("private/1/app", "built")
	w.Exe, w.ID = f.path("private/1/app"), "built"
	f.replace("app", "deployed")
	w.saw(w.poll.sweep())
	next := w.successor(t)
	if _, ok := next.watch(limit(t)); !ok || next.Exe != f.path("app") {
		t.Errorf("restart %t, of %s", ok, next.Exe)
	}
}

// The temporary directory is tidied up, with the executable that runs: the next change, of any
// file, builds it again.
func TestExecutableTidiedUp(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", `package main

import "github.com/lib537/restarter"

func init() { restarter.Track("a.conf") }
`, "a.conf", "a")
	p := m.start()
	p.await("^text 1 ")
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	m.replace("text.go", `// one`, `// two`)
	p.await(same) // by now the hand-over has been read
	for _, d := range readDir(t, p.tmp) {
		if err := os.RemoveAll(filepath.Join(p.tmp, d.Name())); err != nil {
			t.Fatal(err)
		}
	}
	m.write("a.conf", "b")
	p.await("^text 2 ")
	p.leave()
}

func readDir(t *testing.T, dir string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// A program that names other files than the last one is not restarted for those of the
// last one.
func TestTrackOtherFile(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", `package main

import "github.com/lib537/restarter"

func init() { restarter.Track("a.conf") }
`, "a.conf", "a", "b.conf", "b")
	p := m.start()
	p.await("^text 1 ")
	m.replace("track.go", "a.conf", "b.conf")
	p.await("^text 1 ")
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	m.replace("text.go", `// one`, `// two`)
	p.await(same)
	m.replace("b.conf", "b", "c")
	p.await("^restarter: b.conf changed; restarting$")
	p.await("^text 2 ")
	p.leave()
	p.expect(2, "^text 1 ")
	p.expect(2, "^text 2 ")
}
