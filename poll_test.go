package restarter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/job"
	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/say"
	"github.com/lib537/restarter/internal/succession"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// A world is a watcher in a folder with the executable "app", an hour old, the package "src", the
// generator's input "in" and the file "a.conf". Its tests play the goroutine of watch.
type world struct {
	*testing.T
	*watcher
	dir string
	old time.Time // what all files have for a time at first
}

func newWorld(t *testing.T, l Launcher) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir(), old: time.Now().Add(-time.Hour)}
	for _, name := range []string{"app", "src/main.go", "src/other.go", "static/a", "in", "a.conf"} {
		w.save(name, name)
		w.age(name)
	}
	if err := os.Chmod(w.path("app"), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := private.New(w.dir)
	t.Cleanup(dir.Remove)
	l.Quiet, l.Dir, l.Sources = true, w.path("src"), []string{w.path("in")}
	m := &say.Messages{Silent: true, From: w.dir}
	w.watcher = newWatcher(&l, m, origin{program: w.path("app"), running: w.path("app")}, dir)
	w.jobs.ctx, w.jobs.listed = context.Background(), true
	w.programs.Prove("")
	w.child = new(process)
	w.sources = []watch.Root{{Kind: watch.Package, For: watch.Source, Path: w.path("src")}}
	w.rewatch()
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *world) save(name, content string) {
	w.Helper()
	os.MkdirAll(filepath.Dir(w.path(name)), 0o755)
	if err := os.WriteFile(w.path(name), []byte(content), 0o644); err != nil {
		w.Fatal(err)
	}
}

func (w *world) age(name string) { os.Chtimes(w.path(name), w.old, w.old) }

// forget has it unknown what the sources build.
func (w *world) forget() {
	current := w.programs.Current()
	w.programs = succession.New(current.Exe, current.ID)
}

// build plays a build that has made an executable of the given content.
func (w *world) build(prove bool, content string) *job.Job {
	w.Helper()
	folder, err := w.watcher.dir.Folder()
	if err != nil {
		w.Fatal(err)
	}
	j := &job.Job{Kind: job.Building, Changed: w.path("src/main.go"), Prove: prove, Roots: w.sources, Started: time.Now()}
	j.Context, j.Cancel = context.WithCancel(context.Background())
	recipe := *w.recipe
	j.Recipe, j.Exe = &recipe, filepath.Join(folder, "app")
	if err := os.WriteFile(j.Exe, []byte(content), 0o755); err != nil {
		w.Fatal(err)
	}
	if j.ID, err = gotool.ContentID(j.Exe); err != nil {
		w.Fatal(err)
	}
	j.Proof, j.Runs = j.ID, w.programs.Current().ID
	w.watcher.dir.Keep(j.Exe)
	w.jobs.current = j
	return j
}

// offered returns the content of the successor, "" if there is none.
func (w *world) offered() string {
	select {
	case s := <-w.successors:
		content, _ := os.ReadFile(s.Exe)
		return string(content)
	default:
		return ""
	}
}

// What a build has made is run if it is another program, and removed if it is not.
func TestBuilt(t *testing.T) {
	for _, test := range []struct {
		name  string
		setup func(w *world)
		prove bool
		made  string
		want  string
	}{
		{"another program", func(w *world) {}, false, "new", "new"},
		{"the same program", func(w *world) {}, false, "app", ""},
		{"the same program by another recipe", func(w *world) { w.programs.Prove(w.build(false, "alias").ID) }, false, "alias", ""},
		{"the same program, waited for", func(w *world) { w.waits = true }, false, "app", "app"},
		{"the first proof succeeds", (*world).forget, true, "app", ""},
		{"the first proof fails", (*world).forget, true, "new", "new"},
		{"a source was saved meanwhile", func(w *world) { w.save("src/main.go", "saved") }, false, "new", ""},
		{"an input was saved meanwhile", func(w *world) { w.save("in", "saved") }, false, "new", ""},
		{"a source was removed meanwhile", func(w *world) { os.Remove(w.path("src/other.go")) }, false, "new", ""},
		{"a source came meanwhile", func(w *world) { w.save("src/new.go", "") }, false, "new", ""},
		{"another file came meanwhile", func(w *world) { w.save("src/new.txt", "") }, false, "new", "new"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, Launcher{})
			w.machine = ""
			j := w.build(test.prove, test.made)
			test.setup(w)
			w.finish(j)
			if got := w.offered(); got != test.want {
				t.Errorf("offered %q, want %q", got, test.want)
			}
			if system.Exists(j.Exe) != (test.want != "") {
				t.Errorf("the executable is there: %t", test.want == "")
			}
		})
	}
}

// A proof during which a source was saved says nothing about the program that runs: neither that the
// sources build it nor what else they build.
func TestEditDuringTheProof(t *testing.T) {
	w := newWorld(t, Launcher{})
	w.forget()
	j := w.build(true, "app")
	w.save("src/main.go", "an edit")
	w.finish(j)
	if !w.programs.Unproved() || w.pending[watch.Source] == "" {
		t.Errorf("unproved %t, pending %v", w.programs.Unproved(), w.pending)
	}
}

// A build that fails leaves the program alone, and is not tried again until something changes.
func TestBuildFails(t *testing.T) {
	for _, prove := range []bool{false, true} {
		w := newWorld(t, Launcher{})
		if prove {
			w.forget()
		}
		j := w.build(prove, "new")
		j.Changed, j.Err = "", errors.New("exit status 1")
		w.finish(j)
		w.beginJob(true)
		if w.offered() != "" || w.jobs.current != nil {
			t.Errorf("prove %t: job %+v", prove, w.jobs.current)
		}
	}
}

// An executable that this machine cannot run is as good as a failed build.
func TestBuiltForAnotherMachine(t *testing.T) {
	w := newWorld(t, Launcher{})
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w.machine = system.Machine(exe)
	w.finish(w.build(false, strings.Repeat("no header of this machine", 10)))
	if got := w.offered(); got != "" {
		t.Errorf("offered %.20q", got)
	}
}

// Files that a listing brings in may have been saved after the build had read them: the build is
// compared with another one.
func TestNewFilesAreBuiltAgain(t *testing.T) {
	for _, tracked := range []bool{false, true} {
		w := newWorld(t, Launcher{})
		if tracked {
			w.child.tracked = patterns(watch.Tracked, []string{w.path("static")})
			w.rewatch()
		}
		j := w.build(false, "new")
		j.Roots = append(w.sources, watch.Root{Kind: watch.Pattern, For: watch.Source, Path: w.path("static")})
		w.finish(j)
		if !w.reread || w.offered() != "new" {
			t.Errorf("tracked %t: reread %t", tracked, w.reread)
		}
		again := w.build(false, "new")
		again.Changed, again.Roots = "", w.sources
		w.reread = false
		w.finish(again)
		if w.reread || w.offered() != "" {
			t.Errorf("tracked %t: built without an end", tracked)
		}
	}
}

// A failed build watches what would not build, too.
func TestFailedBuildIsWatched(t *testing.T) {
	w := newWorld(t, Launcher{})
	w.save("new/new.go", "broken")
	w.age("new/new.go")
	j := w.build(false, "new")
	j.Err = errors.New("exit status 1")
	j.Roots = []watch.Root{{Kind: watch.Package, For: watch.Source, Path: w.path("new")}}
	w.finish(j)
	for _, name := range []string{"new/new.go", "src/main.go"} {
		w.save(name, "mended")
		if c := w.poll.Sweep(); c[watch.Source] != w.path(name) {
			t.Errorf("%s: %v", name, c)
		}
	}
}

// A change overtakes a build. Where something changes all the time, a build is let finish in the
// end, and its program runs; what it lacks is built next.
func TestChangesAllTheTime(t *testing.T) {
	w := newWorld(t, Launcher{})
	j := w.build(false, "new")
	w.saw(watch.Change{watch.Source: "one"})
	if !j.Cancelled() {
		t.Fatal("a build was not overtaken")
	}
	w.finish(j)
	j = w.build(false, "new")
	w.jobs.pace.Useful()
	w.jobs.pace.Useless(time.Now().Add(-time.Minute)) // since when builds have been overtaken
	w.saw(watch.Change{watch.Source: "two"})
	if j.Cancelled() {
		t.Fatal("a build was overtaken once more")
	}
	w.finish(j)
	if w.offered() != "new" || w.pending[watch.Source] == "" {
		t.Errorf("pending %v", w.pending)
	}
}

// Somebody who saves during each of many builds, or runs of a generator, is taken for a command that writes what it
// reads. That delays the last edit, and does not lose it.
func TestSavesDuringEveryRun(t *testing.T) {
	for _, test := range []struct {
		kind job.Kind
		name string
		use  watch.Purpose
	}{
		{job.Building, "src/main.go", watch.Source},
		{job.Generating, "in", watch.Input},
	} {
		w := newWorld(t, Launcher{Build: []string{"build"}, Generate: []string{"generate"}})
		var longest time.Duration
		for i := 0; i < 12; i++ {
			j := w.build(false, fmt.Sprint("program ", i))
			j.Kind = test.kind
			w.save(test.name, fmt.Sprint("edit ", i))
			w.finish(j)
			w.offered()
			if w.later[test.use].path != "" {
				longest = time.Until(w.later[test.use].at)
				if w.countLater(); w.pending[test.use] != "" {
					t.Errorf("%s %d is not delayed", test.kind, i)
				}
				w.later[test.use].at = time.Now().Add(-time.Second) // some clocks are coarse
				w.countLater()
			}
			if w.pending[test.use] != w.path(test.name) {
				t.Fatalf("%s %d: the edit is lost: pending %v", test.kind, i, w.pending)
			}
			w.pending = watch.Change{}
		}
		if longest < time.Minute {
			t.Errorf("%s: the longest delay is %v", test.kind, longest)
		}
	}
}

// What is saved while the first listing still runs, of package main at least, is seen: the listing may take long.
func TestSavedBeforeTheListing(t *testing.T) {
	w := newWorld(t, Launcher{})
	start := newWatcher(w.Launcher, w.Messages, w.origin, w.watcher.dir)
	start.watchGround()
	w.save("src/main.go", "an edit")
	start.saw(start.poll.Sweep())
	if got := start.pending[watch.Source]; got != w.path("src/main.go") {
		t.Errorf("seen is %q", got)
	}
}

// A listing that has failed is tried again by itself, less and less often; if it works, what was saved meanwhile is built.
func TestListingIsTriedAgain(t *testing.T) {
	w := newWorld(t, Launcher{})
	for i, want := range []time.Duration{lookOut, 2 * lookOut, 4 * lookOut, 15 * time.Second, 15 * time.Second} {
		if w.jobs.haveListed(errors.New("no")); w.jobs.retryAfter != want {
			t.Errorf("try %d comes after %v, want %v", i, w.jobs.retryAfter, want)
		}
	}
	cut := w.build(false, "app")
	cut.ListErr, cut.ListCut = errors.New("cut off"), true
	w.jobs.retryAfter = 0
	w.finish(cut)
	if w.jobs.retryAfter > 0 {
		t.Error("a listing that was cut off beside a build is tried again")
	}
	w.pending = watch.Change{}
	w.jobs.haveListed(errors.New("no"))
	if w.beginJob(true); w.jobs.current != nil {
		t.Error("it is tried at once")
	}
	w.jobs.retry = time.Now().Add(-time.Second)
	w.beginJob(true)
	j := w.jobs.current
	if j == nil || j.Kind != job.Listing {
		t.Fatalf("begun is %+v", j)
	}
	<-w.jobs.done
	j.ListErr, j.Missing, j.Roots = nil, nil, w.sources
	j.Recipe.Build = []string{"build"} // so that it can be built without a go command
	w.finish(j)
	w.beginJob(true)
	if j := w.jobs.current; j == nil || j.Kind != job.Building {
		t.Fatalf("then begun is %+v", j)
	}
	<-w.jobs.done
}

// A delayed change does not make a build useless that runs when the delay is over.
func TestDelayedChangeOvertakesNoBuild(t *testing.T) {
	w := newWorld(t, Launcher{})
	w.later[watch.Source] = later{w.path("src/main.go"), time.Now().Add(-time.Second)}
	j := w.build(false, "new")
	if w.countLater(); w.pending.Any() {
		t.Errorf("it counts while a build runs: %v", w.pending)
	}
	w.finish(j)
	if got := w.offered(); got != "new" {
		t.Errorf("offered %q", got)
	}
	if w.countLater(); w.pending[watch.Source] == "" {
		t.Error("it is lost")
	}
}

// The second half of a tracked file that is saved with code is a part of that save: it waits for the next build too, if
// this one has failed. Once a line has said that it waits, it is another save.
func TestTrackedFileInTwoPieces(t *testing.T) {
	w := newWorld(t, Launcher{})
	w.child.tracked = patterns(watch.Tracked, []string{w.path("a.conf")})
	w.rewatch()
	j := w.build(false, "new")
	w.save("a.conf", "")
	j.Err = errors.New("exit status 1")
	w.finish(j)
	w.save("a.conf", "whole")
	w.saw(w.poll.Sweep())
	w.changed = time.Now().Add(-time.Second)
	if w.restartForTracked(true); w.offered() != "" {
		t.Error("the old program is restarted with the new file")
	}
	w.save("a.conf", "saved once more")
	w.saw(w.poll.Sweep())
	w.changed = time.Now().Add(-time.Second)
	if w.restartForTracked(true); w.offered() == "" {
		t.Error("another save is not read")
	}
}

// A program that writes what it is made of, and is gone before that is seen, is recognised too.
func TestWrittenByADeadProcess(t *testing.T) {
	w := newWorld(t, Launcher{})
	for i := 0; i < 15; i++ {
		w.child = &process{started: time.Now()}
		w.save("in", fmt.Sprint(i))
		w.noChild(true)
		(<-w.calls)()
		if delayed := w.later[watch.Input].path != ""; delayed != (i >= 10) {
			t.Errorf("start %d: delayed %t, pending %v", i, delayed, w.pending)
		}
		w.pending, w.later = watch.Change{}, [2]later{}
	}
	// Somebody edits.
	w.child = &process{started: time.Now()}
	w.save("in", "once more")
	w.save("src/main.go", "an edit")
	w.saw(w.poll.Sweep())
	if w.pending[watch.Source] == "" || w.later[watch.Source].path != "" {
		t.Errorf("an edit is delayed: pending %v, later %v", w.pending, w.later)
	}
}

// A listing, unlike a build, is not overtaken: another would not begin earlier.
func TestListingIsNotOvertaken(t *testing.T) {
	w := newWorld(t, Launcher{})
	j := w.build(false, "new")
	for _, kind := range []job.Kind{job.Listing, job.Generating} {
		j.Kind = kind
		w.saw(watch.Change{watch.Source: "one"})
		if j.Cancelled() {
			t.Errorf("%s was overtaken", kind)
		}
	}
}

// The generator runs when what it reads has changed, not when Go files alone have.
func TestGenerator(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("runs /bin/sh")
	}
	run := func(w *world) *job.Job {
		t.Helper()
		w.saw(w.poll.Sweep())
		w.beginJob(true)
		j := w.jobs.current
		if j == nil {
			t.Fatal("nothing was begun")
		}
		<-w.jobs.done
		return j
	}
	w := newWorld(t, Launcher{Generate: []string{"/bin/sh", "-c", "cp ../in generated.go"}})
	w.save("src/main.go", "an edit")
	if j := run(w); j.Kind != job.Building {
		t.Fatalf("a change of Go files alone began %s", j.Kind)
	}
	w.jobs.current = nil
	w.save("in", "new")
	w.save("src/other.go", "an edit")
	j := run(w)
	if j.Kind != job.Generating {
		t.Fatalf("a change of what the generator reads began %s", j.Kind)
	}
	w.finish(j)
	if text, err := os.ReadFile(w.path("src/generated.go")); string(text) != "new" {
		t.Errorf("generated %q, %v", text, err)
	}
	if j = run(w); j.Kind != job.Building || w.pending.Any() {
		t.Errorf("then it began %s, pending %v", j.Kind, w.pending)
	}
	w.jobs.current = nil

	// One that fails is run again at the next change of anything, and nothing is built.
	w.Generate[2] = "exit 1"
	w.save("in", "newer")
	j = run(w)
	w.finish(j)
	w.beginJob(true)
	if w.jobs.current != nil || j.Err == nil {
		t.Fatal("a generator that fails is as good as one that does not")
	}
	w.save("src/main.go", "another edit")
	if j = run(w); j.Kind != job.Generating {
		t.Errorf("after a failure it began %s", j.Kind)
	}
}

// What the generator reads and is newer than the executable has not been generated yet.
func TestGeneratorAtTheStart(t *testing.T) {
	for _, newer := range []bool{false, true} {
		w := newWorld(t, Launcher{Generate: []string{"true"}})
		if newer {
			then := w.old.Add(time.Minute)
			os.Chtimes(w.path("in"), then, then)
		}
		again := newWatcher(w.Launcher, w.Messages, w.origin, w.watcher.dir)
		if pending := again.pending[watch.Input] != ""; pending != newer {
			t.Errorf("newer %t, to be generated %t", newer, pending)
		}
	}
}

// What one child has named to Track does not restart the next, and what a child names late counts
// only while it lives.
func TestTrackedByTheChildAlone(t *testing.T) {
	w := newWorld(t, Launcher{})
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() { w.watch(stop); close(ended) }()
	roots := patterns(watch.Tracked, []string{w.path("a.conf")})
	first, second := w.child, new(process)
	<-w.call(func() {})
	w.track(first, roots, watch.Snapshot(roots))
	seen := watch.Snapshot(roots)
	w.save("a.conf", "edited")
	if got := (<-w.successors).Exe; got != w.path("app") {
		t.Errorf("restarts %s", got)
	}
	w.launched(second)
	w.track(first, roots, seen)
	<-w.call(func() {
		if len(w.tracked()) > 0 || w.pending.Any() {
			t.Errorf("tracked %v, pending %v", w.tracked(), w.pending)
		}
	})
	close(stop)
	<-ended
}

// A tracked file that is written all the time does not keep another from restarting the program.
func TestTrackedAllTheTime(t *testing.T) {
	w := newWorld(t, Launcher{})
	w.pending[watch.Tracked] = w.path("a.conf")
	w.changed, w.tracking = time.Now(), time.Now()
	w.restartForTracked(false)
	if w.offered() != "" {
		t.Error("it was not still")
	}
	w.tracking = time.Now().Add(-2 * patience)
	w.restartForTracked(false)
	if w.offered() == "" {
		t.Error("no restart")
	}
}

// While the executable is being replaced, a tracked change does not restart the program; the deploy
// does, once it is still, and takes the tracked change with it.
func TestTrackedWhileReplaced(t *testing.T) {
	w := newWorld(t, Launcher{})
	w.machine = ""
	w.child.tracked = patterns(watch.Tracked, []string{w.path("a.conf")})
	w.rewatch()
	w.save("a.conf", "edited")
	w.save("app", "deployed")
	w.saw(w.poll.Sweep())
	w.changed = time.Now().Add(-time.Second)
	w.restartForTracked(true)
	w.restartForDeploy()
	if w.offered() != "" {
		t.Fatal("the executable was not still")
	}
	w.replaced = time.Now().Add(-stillness)
	w.restartForDeploy()
	w.restartForTracked(true)
	if got := w.offered(); got != "deployed" || w.pending.Any() {
		t.Errorf("offered %q, pending %v", got, w.pending)
	}
}

// Of several successors the last one counts, and nobody waits for the first to be taken.
func TestLastSuccessorCounts(t *testing.T) {
	w := newWorld(t, Launcher{})
	for i := 0; i < 3; i++ {
		w.offer(w.programs.Again(w.next(fmt.Sprint(i), "", "")))
	}
	if s := <-w.successors; s.Exe != "2" {
		t.Errorf("offered %s", s.Exe)
	}
}

// Who saves while a command runs for long is told so within five seconds again.
func TestReminderOfASave(t *testing.T) {
	w := newWorld(t, Launcher{Generate: []string{"generator"}})
	w.jobs.current = &job.Job{Kind: job.Generating, Recipe: w.recipe, Started: time.Now().Add(-time.Minute), Changed: "in"}
	for i, more := range []bool{true, true, false} {
		if w.remind(); (w.jobs.reminder != nil) != more {
			t.Errorf("another after %d: %t, want %t", i+1, !more, more)
		}
	}
	if w.saw(watch.Change{watch.Source: w.path("src/main.go")}); w.jobs.reminder == nil {
		t.Error("a save is not answered")
	}
	first := w.jobs.reminder
	if w.saw(watch.Change{watch.Source: w.path("src/main.go")}); w.jobs.reminder != first {
		t.Error("one save after the other puts the answer off")
	}
}

// A tracked file that waits for the next edit does not go by a build which makes the refused program again.
func TestWithheldUntilAnEdit(t *testing.T) {
	w := newWorld(t, Launcher{})
	refused := w.programs.Built(succession.Program{Exe: w.path("app"), ID: "refused"})
	w.programs.Reject(refused, w.program)
	w.withheld = true
	for _, changed := range []string{"", "src/main.go"} {
		j := &job.Job{Kind: job.Building, Changed: changed, Exe: w.path("app"), ID: "refused", Recipe: w.recipe}
		if w.built(j, false); w.withheld != (changed == "") {
			t.Errorf("a build for %q: it waits: %t", changed, w.withheld)
		}
	}
}

// Code that was saved with a tracked file is going to be built even if the sources are not listed yet, unless they cannot be.
func TestTrackedFileOfAnEditBeforeTheFirstListing(t *testing.T) {
	for missing, waits := range map[string]bool{"": true, "no go command in PATH": false} {
		w := newWorld(t, Launcher{})
		w.jobs.listed, w.jobs.missing = false, missing
		w.pending[watch.Source], w.pending[watch.Tracked] = w.path("src/main.go"), w.path("a.conf")
		w.changed, w.tracking = time.Now().Add(-time.Second), time.Now().Add(-time.Minute)
		if w.restartForTracked(true); (w.pending[watch.Tracked] != "") != waits {
			t.Errorf("%q: it waits: %t", missing, !waits)
		}
	}
}
