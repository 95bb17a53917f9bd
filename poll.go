package restarter

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/lib537/restarter/internal/budget"
	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/job"
	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/say"
	"github.com/lib537/restarter/internal/status"
	"github.com/lib537/restarter/internal/succession"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// A watcher polls the files that the program is made of, builds what has changed, and offers
// each program that is to run next as a successor. It belongs to the goroutine of watch, which runs
// as long as LaunchChild does. Other goroutines reach it through calls.
type watcher struct {
	*Launcher
	*say.Messages
	origin
	recipe *gotool.Recipe
	poll   *watch.Poller
	dir    *private.Dir
	jobs   jobs

	successors chan succession.Program // holds the last one, until somebody takes it
	calls      chan func()

	programs succession.Account
	event    status.Event // what goes on
	born     time.Time    // when the parent was started
	child    *process     // nil while there is none
	beside   *process     // its successor, while that runs beside it
	unread   string       // a tracked file that has changed, which a successor was to read
	hidden   *watch.Set   // what the child tracks, as it was when its successor was started beside it
	leaving  bool         // the child was told to restart, or its successor is going to be launched
	last     []watch.Root // what the last child tracked, while there is none
	waits    bool         // for a change: whatever builds is the successor, even the same program

	sources []watch.Root // as the go command has listed them
	inputs  []watch.Root // Launcher.Sources
	named   []naming     // to Track, since the last tick

	pending  watch.Change // what changed, and nothing was begun for it
	later    [2]later     // what changed, and seems to be rewritten by what it causes: of Source and Input
	atStart  budget.Loop  // of what the program writes when it starts
	changed  time.Time    // when the last change was seen
	tracking time.Time    // since when a tracked file has been waiting to be still
	deferred bool         // it was said that a tracked file waits for a build
	withheld bool         // that build has failed, so the file waits for the next
	replaced time.Time    // when the executable last changed
	said     string       // by the compiler, when a build last failed
	reread   bool         // the go command has listed files that the last build may have read too early
	stale    bool         // Generate has failed, and has to be run again
	trimmed  bool         // it was said what -trimpath does not record
}

const (
	settled  = 200 * time.Millisecond // no listing for a child that exits at once
	lookOut  = 3 * time.Second        // how often a go command or sources that are missing are looked for
	patience = 2 * time.Second        // how long a tracked file may keep changing before a restart
	// How long a tracked file has to be still, so that a half-written one is not read.
	halfWritten = 50 * time.Millisecond
	stillness   = 500 * time.Millisecond // of an executable that somebody is copying
)

func newWatcher(l *Launcher, m *say.Messages, o origin, dir *private.Dir) *watcher {
	w := &watcher{
		Launcher: l, Messages: m, origin: o, dir: dir,
		recipe:     newRecipe(l, m, o),
		poll:       watch.New(l.Interval),
		born:       time.Now(),
		successors: make(chan succession.Program, 1),
		calls:      make(chan func(), 256),
		atStart:    budget.Loop{Free: 10},
	}
	w.jobs.builds.Free, w.jobs.generations.Free = 2, 2
	w.jobs.done = make(chan *job.Job, 1)
	w.recipe.Started, w.recipe.Ended = w.jobs.groups.Add, w.jobs.groups.Remove
	id, _ := w.recipe.ContentID(o.program)
	w.programs = succession.New(o.program, id)
	w.poll.Contents = len(l.Build) > 0 || len(l.Generate) > 0 // which may write sources as they were
	for _, path := range l.Sources {
		if !filepath.IsAbs(path) {
			path = filepath.Join(started.dir, path)
		}
		w.inputs = append(w.inputs, patterns(watch.Input, []string{path})...)
	}
	w.rewatch()
	if info, err := os.Stat(o.program); err == nil {
		w.generateSince(info.ModTime())
	}
	return w
}

// watch polls and builds until stop is closed. No command outlives it.
func (w *watcher) watch(stop <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer func() {
		cancel()
		w.jobs.wait()
	}()
	w.jobs.ctx = ctx
	w.watchGround()
	timer := time.NewTimer(0)
	defer timer.Stop()
	begin := time.Now().Add(settled)
	for {
		quiet := false
		select {
		case <-stop:
			return
		case call := <-w.calls:
			call()
		case j := <-w.jobs.done:
			w.finish(j)
		case <-w.jobs.reminder:
			w.remind()
		case <-timer.C:
			w.adopt()
			// While nothing runs, any save may be meant to launch the program again.
			w.poll.AnySave = w.waits && w.jobs.current == nil
			c := w.poll.Tick()
			if w.jobs.current == nil && c.Builds() {
				w.jobs.builds.Break()
				w.jobs.generations.Break()
			}
			quiet = !w.saw(c)
			timer.Reset(w.poll.Wait())
		}
		w.countLater()
		w.restartForTracked(quiet)
		w.restartForDeploy()
		if time.Now().After(begin) {
			w.beginJob(quiet)
		}
	}
}

// watchGround watches what a person edits most, until all sources are listed: that may take long.
func (w *watcher) watchGround() {
	if system.IsDir(w.recipe.Dir) {
		w.sources = w.recipe.Ground()
		w.rewatch()
	}
}

// call has a function run by the goroutine of watch, after those that it was called with before. The
// channel is closed when that is done: it may take long, if a file system hangs. It is called often, so it is not inlined.
//
//go:noinline
func (w *watcher) call(f func()) <-chan struct{} {
	done := make(chan struct{})
	w.calls <- func() {
		f()
		close(done)
	}
	return done
}

// launched says that a child runs. What the last one had named to Track does not count any more:
// this one names its own, and reads it afterwards.
func (w *watcher) launched(c *process) {
	w.call(func() {
		tracked := w.tracked()
		w.settle()
		w.child, w.beside, w.waits, w.leaving, w.named, w.last = c, nil, false, false, nil, nil
		w.programs.Launched(c.run.Program)
		w.jobs.groups.Tell(c.tellOfGroup)
		w.pending[watch.Tracked], w.unread = "", ""
		if len(tracked) > 0 {
			w.saw(w.rewatch().Without(watch.Tracked, watch.Executable))
		}
	})
}

// startedBeside says that a successor runs beside the child. From now on what the successor names to Track counts:
// after a change another successor is due. What the child has named is read anew by the successor, which may write
// it as well.
func (w *watcher) startedBeside(c *process) {
	w.call(func() {
		w.adopt()
		if w.child != nil {
			w.hidden = watch.Snapshot(w.child.tracked)
		}
		w.programs.Beside()
		w.leaveUnread()
		w.beside, w.leaving, w.waits = c, false, false
		w.saw(w.rewatch().Without(watch.Tracked, watch.Executable))
	})
}

// pauses says that the successor which was offered is started only after a pause. A change of a tracked file ends the
// pause.
func (w *watcher) pauses() {
	w.call(func() { w.leaving = false })
}

// takesOver says that the successor beside the child has become the child.
func (w *watcher) takesOver(c *process) {
	w.call(func() {
		w.adopt()
		w.child, w.beside, w.hidden, w.unread = c, nil, nil, ""
		w.jobs.groups.Tell(c.tellOfGroup)
		w.programs.Launched(c.run.Program)
		w.settle()
		w.publish(w.event)
	})
}

// rejected says that a successor has ended beside the child, or could not be started. The next build is compared
// with the program of the child; old is its executable. If the successor's executable is gone, it is built again.
// Otherwise nothing is built before the next change.
func (w *watcher) rejected(s succession.Program, old, why string) {
	gone := !system.Exists(s.Exe)
	w.call(func() {
		w.forgetBeside(true) // a change of what the failed one tracks may fix it
		if !w.programs.Reject(s, old) {
			return // a newer one was offered meanwhile
		}
		if j := w.jobs.current; j != nil && j.Changed == "" {
			w.reread = true // what it builds is compared with another program
		}
		w.publish(status.Event{Kind: status.Crashed, Text: why})
		w.leaving = false
		if w.unread != "" { // it waits for the next build, as after one that failed
			w.pending[watch.Tracked], w.tracking, w.deferred, w.withheld, w.unread = w.unread, w.changed, true, true, ""
		}
		if gone && w.recipe.CanBuild() {
			w.pending[watch.Source] = s.Exe
		}
	})
}

// takenBack says that the child keeps running instead of s, which is the same: an edit was taken back.
func (w *watcher) takenBack(s succession.Program) {
	w.call(func() {
		w.forgetBeside(false)
		if !w.programs.TakeBack(s) {
			return // a newer one was offered meanwhile
		}
		if j := w.jobs.current; j != nil && j.Changed == "" {
			w.reread = true // what it builds is compared with another program
		}
		w.publish(status.Event{Kind: status.Same})
		w.leaving = false
		if w.unread != "" { // only the new one has read that
			w.pending[watch.Tracked], w.unread = w.unread, ""
		}
	})
}

// forgetBeside has what the child tracks count again, when no successor runs beside it any more, and what that one tracks
// as well, if it is to be kept.
func (w *watcher) forgetBeside(keep bool) {
	w.adopt()
	if w.child != nil && w.beside != nil {
		w.saw(w.poll.Sweep()) // while it is known whose changes these are
		if keep {
			w.child.tracked = watch.Union(w.child.tracked, w.beside.tracked)
		}
		w.beside = nil
		w.saw(w.rewatch(w.hidden).Without(watch.Executable))
	}
	w.hidden = nil
}

// failedToStart says that again runs, because exe could not be started. If exe is gone, it is built
// again. Otherwise nothing is built before the next change.
func (w *watcher) failedToStart(exe string, again succession.Program) {
	gone := !system.Exists(exe)
	w.call(func() {
		w.programs.FellBack(again)
		if gone && w.recipe.CanBuild() {
			w.pending[watch.Source] = exe
		}
	})
}

// noChild says that there is no child. If it is to be launched again soon, what has changed up to now
// is of no interest to it: it was written by the child itself, or will be read in time.
func (w *watcher) noChild(soon bool) <-chan struct{} {
	return w.call(func() {
		w.adopt()
		w.saw(w.poll.Sweep()) // while it is known whose changes these are
		w.last = w.tracked()
		w.programs.NothingRuns()
		w.child, w.beside, w.waits, w.leaving = nil, nil, !soon, false
		w.jobs.groups.Tell(nil)
		if soon {
			w.pending[watch.Tracked] = ""
		}
		w.restartForTracked(false)
	})
}

// inform tells a child, from now on, what goes on.
func (w *watcher) inform(c *process) {
	w.call(func() {
		c.shows = true
		c.tell(w.event)
	})
}

// publish says what goes on to a child that shows it.
func (w *watcher) publish(e status.Event) {
	const longest = 8 << 10
	if len(e.Text) > longest {
		e.Text = e.Text[:longest] + "\n…"
	}
	w.event = e
	for _, c := range []*process{w.child, w.beside} {
		if c != nil && c.shows {
			c.tell(e)
		}
	}
}

// settle forgets what went on before a program was started, unless it still does.
func (w *watcher) settle() {
	if w.event.Kind != status.Failed && w.jobs.current == nil {
		w.event = status.Event{}
	}
}

// rewatch watches what there is to watch now. It returns what has come and gone since the last look.
func (w *watcher) rewatch(seen ...*watch.Set) watch.Change {
	roots := append(append(w.tracked(), w.inputs...), w.sources...)
	came, gone := w.poll.Watch(append(roots, watch.Root{Kind: watch.File, For: watch.Executable, Path: w.program}), seen...)
	return came.Or(gone)
}

// later is a changed file that counts from some time on.
type later struct {
	path string
	at   time.Time
}

// postpone has what has changed count only after a delay.
func (w *watcher) postpone(c watch.Change, delay time.Duration) {
	for use := range w.later {
		if c[use] != "" {
			w.later[use] = later{c[use], time.Now().Add(delay)}
		}
	}
}

// countLater has that count, when the delay is over. It overtakes no build.
func (w *watcher) countLater() {
	for use, l := range w.later {
		if l.path != "" && w.jobs.current == nil && time.Now().After(l.at) {
			w.pending[use], w.later[use], w.changed = l.path, later{}, time.Now()
		}
	}
}

// withoutOwn postpones a change of a file that the program seems to write at each start, though it is made of it. It
// returns the other changes.
func (w *watcher) withoutOwn(c watch.Change) watch.Change {
	path, by := c[watch.Source], w.child
	if path == "" {
		path = c[watch.Input]
	}
	if w.beside != nil {
		by = w.beside
	}
	// Go files are written by people, and by tools that edit as soon as they see the last edit run.
	if by == nil || !by.mayHaveWritten(path) || filepath.Ext(path) == ".go" {
		w.atStart.Break()
		return c
	}
	delay, first := w.atStart.Round(by)
	if delay == 0 {
		return c
	}
	if first {
		w.Say("each start of the program rewrites %s, which is one of its sources; building in %v", w.Short(path), delay)
	}
	w.postpone(c.Without(watch.Tracked, watch.Executable), delay)
	return c.Without(watch.Source, watch.Input)
}

// mayHaveWritten reports whether a file that was seen to change just now was written when the process began.
func (c *process) mayHaveWritten(path string) bool {
	const begins = time.Second / 2
	written := time.Now()
	if info, err := os.Stat(path); err == nil && info.ModTime().After(c.started) {
		written = info.ModTime() // which may be long before it was seen
	}
	return written.Before(c.started.Add(begins))
}

// saw takes note of changes.
func (w *watcher) saw(c watch.Change) bool {
	if !c.Any() {
		return false
	}
	w.changed = time.Now()
	for _, path := range c {
		if path != "" {
			w.Debug("%s changed", w.Short(path))
		}
	}
	if c.Builds() {
		c = w.withoutOwn(c)
	}
	w.pending = w.pending.Or(c)
	if c[watch.Executable] != "" {
		w.replaced = w.changed
	}
	if c[watch.Tracked] != "" {
		if w.deferred {
			w.withheld = false // else this is a part of the save that waits
		}
		if w.tracking.IsZero() {
			w.tracking = w.changed
		}
	}
	if c.Builds() {
		w.jobs.pace.Overtake(w.jobs.current, w.changed)
		if w.jobs.reminded > 0 {
			w.jobs.remind() // for the person who has saved this
		}
	}
	return true
}

// next returns a program to run because of what changed.
func (w *watcher) next(exe, id, changed string) succession.Program {
	return succession.Program{Exe: exe, ID: id, Reason: w.Short(changed), Seen: w.changed}
}

// offer tells the goroutine of LaunchChild which program is the next to run.
func (w *watcher) offer(next succession.Program) {
	w.leaving = true // or about to be launched
	select {
	case s := <-w.successors: // nobody has taken it
		if s.Exe != next.Exe && s.Exe != w.programs.Runs() {
			w.dir.Drop(s.Exe)
		}
	default:
	}
	w.successors <- next
}
