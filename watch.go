package restarter

import (
	"context"
	"os"
	"time"
)

// A watcher polls, and builds what has changed: in the child while it runs, in the parent
// while there is no child. It belongs to the goroutine that calls watch.
type watcher struct {
	settings
	handover // what runs, or ran last, and what it is made of
	dir      string
	retry    bool // there is no child
	anew     bool // nor will be one before a change: whatever builds is the successor
	poll     *poller
	job      *job
	warm     bool // a build has begun, so that the next one is quick

	tracked   []string  // what Track was called with, as far as the poller has it
	pending   change    // what changed, and no job has begun for it
	what      string    // the source that the last job was begun for
	changed   time.Time // when the last change was seen
	reread    time.Time // since when a tracked file has been waiting to be still
	overtaken time.Time // when the last job was cancelled, if none has begun since
	starving  time.Time // when the first job was cancelled, if none has finished since
	replaced  time.Time // when the executable that the parent was started from last changed
}

// newWatcher takes over what the last child has left in the private directory.
func newWatcher(dir string, s settings) *watcher {
	w := &watcher{settings: s, dir: dir, poll: newPoller(s.Interval)}
	if h := readHandover(dir); h != nil {
		w.handover = *h
		return w
	}
	w.handover = handover{next: next{Exe: s.Program, ID: s.OldID}, recipe: s.Recipe}
	var g gatherer
	g.path(root{Path: s.Program}, program)
	g.records[0].stamp = s.Old
	w.Files = g.set()
	return w
}

func (w *watcher) say(text string, args ...any) {
	if !w.Quiet {
		say(text, args...)
	}
}

// short names a file as the user would, where he stands.
func (w *watcher) short(path string) string { return shortPath(path, w.Wd) }

// watch, after start, polls and builds until there is a successor or stop is closed. It returns what
// changed; the hand-over says what to run. No build outlives it.
func (w *watcher) watch(stop <-chan struct{}) (reason string, ok bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer func() {
		cancel()
		if w.job != nil {
			<-w.job.done
			w.job = nil
		}
	}()
	begin := time.Now().Add(settle)
	if w.retry {
		begin = time.Now()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var done chan *job
		if w.job != nil {
			done = w.job.done
		}
		quiet := false
		select {
		case <-stop:
			return "", false
		case <-track.news:
			w.saw(w.poll.sweep())
			w.adopt()
			w.save()
		case <-timer.C:
			quiet = !w.saw(w.poll.tick())
			timer.Reset(w.poll.wait())
		case j := <-done:
			w.job = nil
			if w.finish(j) {
				return w.short(w.what), true
			}
		}
		switch {
		case w.job != nil:
		case !w.Known:
			if !time.Now().Before(begin) {
				w.begin(ctx, &job{lists: true})
			}
		case w.pending.Source != "":
			if w.overtaken.IsZero() || quiet || time.Since(w.overtaken) > patience {
				w.overtaken = time.Time{}
				w.what, w.pending.Source = w.pending.Source, ""
				w.say("%s changed; building", w.short(w.what))
				w.begin(ctx, &job{lists: true, builds: true})
			}
		case w.pending.Tracked != "" && w.replaced.IsZero() &&
			(quiet && time.Since(w.changed) > halfWritten || time.Since(w.reread) > patience):
			if w.what = w.pending.Tracked; !exists(w.Exe) && w.builds() {
				// The temporary directory has been tidied up.
				w.pending.Source, w.pending.Tracked = w.what, ""
			} else if w.hand(w.Exe, w.ID, w.Alias) {
				w.say("%s changed; restarting", w.short(w.what))
				return w.short(w.what), true
			}
		case !w.replaced.IsZero() && time.Since(w.replaced) > stillness:
			w.replaced, w.pending.Program = time.Time{}, ""
			if w.deployed() {
				return w.short(w.Program), true
			}
		case !w.warm && !w.retry && w.Exe == w.Program && w.Alias == "" && w.builds():
			w.begin(ctx, &job{builds: true}) // of the unchanged program, to know its content ID
		}
	}
}

const (
	settle   = 200 * time.Millisecond // a child that leaves at once shall cost no listing
	patience = 2 * time.Second        // how long changes may follow each other before a build
	hunger   = 10 * time.Second       // how long they may keep builds from finishing
	// How long a tracked file has to be still, that nobody reads the half of it.
	halfWritten = 50 * time.Millisecond
	stillness   = 500 * time.Millisecond // of an executable that somebody is copying
)

// saw takes note of changes.
func (w *watcher) saw(c change) bool {
	if !c.any() {
		return false
	}
	w.changed = time.Now()
	w.pending = w.pending.or(c)
	if c.Program != "" {
		w.replaced = w.changed
	}
	if w.reread.IsZero() && c.Tracked != "" {
		w.reread = w.changed
	}
	if c.Source != "" && w.job != nil && w.job.ctx.Err() == nil && !w.starved() {
		w.job.cancel()
		w.overtaken = w.changed
		if w.starving.IsZero() {
			w.starving = w.changed
		}
	}
	return true
}

// starved reports whether changes have followed each other so quickly, for so long, that a build
// has to be let finish though it is of yesterday.
func (w *watcher) starved() bool {
	return !w.starving.IsZero() && time.Since(w.starving) > hunger
}

// builds reports whether the program can be built here.
func (w *watcher) builds() bool { return w.Dead == "" || len(w.Custom) > 0 }

// finish takes over what a job has found, and reports whether the program is to restart.
func (w *watcher) finish(j *job) bool {
	defer j.cancel()
	if j.ctx.Err() != nil {
		j.discard() // overtaken by another change
		return false
	}
	starved := w.starved()
	w.starving = time.Time{}
	w.recipe = j.recipe
	w.saw(w.poll.sweep()) // of what was watched up to now, before that changes
	w.adopt()
	if j.lists {
		w.relist(j)
	}
	successor := false
	switch {
	case !j.builds:
	case j.err != nil && !j.lists:
		// Nobody asked for this build of the unchanged program.
	case j.err != nil:
		w.complain(j)
		if w.Exe == w.Program && w.Alias == "" {
			w.Alias = "unknown" // the sources are not those of the running program any more
		}
	case !j.lists && w.pending.Source != "":
		// It may have been read by this build, which then is of another program.
	case !j.lists:
		w.Alias = j.id
	case (j.id == w.ID || j.id == w.Alias) && !j.anew:
		w.say("the program is the same")
	default:
		successor = w.pending.Source == "" || starved // its own successor is handed over as pending
	}
	if successor && w.hand(j.exe, j.id, "") {
		w.say("built in %v; restarting", time.Since(j.started).Round(10*time.Millisecond))
		return true
	}
	j.discard()
	w.save()
	return false
}

// complain prints what the compiler said, once.
func (w *watcher) complain(j *job) {
	if w.Quiet {
		return
	}
	if len(j.said) == 0 {
		say("%v", j.err)
	} else {
		tell(relocate(j.said, j.recipe.Dir, w.Wd))
	}
	if w.retry {
		w.say("build failed; waiting for a change")
	} else {
		w.say("build failed, the old program keeps running")
	}
}

// deployed hands over to the executable that the parent was started from, if that is
// another program by now.
func (w *watcher) deployed() bool {
	id, err := contentID(w.Program)
	if err != nil || id == w.ID || id == w.Alias {
		return false
	}
	if !w.hand(w.Program, id, "") {
		return false
	}
	w.say("%s was replaced; restarting", w.short(w.Program))
	return true
}

// hand makes an executable the next to run.
func (w *watcher) hand(exe, id, alias string) bool {
	if _, err := os.Stat(exe); err != nil {
		w.pending.Tracked, w.reread = "", time.Time{}
		w.say("cannot restart: %v", err)
		return false
	}
	next, before := w.next, w.Alias
	w.Exe, w.ID, w.Alias = exe, id, alias
	w.Turn++
	w.pending.Tracked = ""
	if err := w.save(); err != nil {
		w.next, w.Alias, w.reread = next, before, time.Time{}
		w.say("cannot restart: %v", err)
		return false
	}
	return true
}

// save keeps the hand-over up to date, for the parent if this process dies.
func (w *watcher) save() error {
	if err := ensurePrivate(w.dir); err != nil {
		return err
	}
	w.Files, w.Pending = w.poll.fileSet, w.pending
	w.Pending.Tracked = "" // the next child reads it anyway
	w.Recent, w.Awake = w.poll.recent, w.poll.awakeUntil.Unix()
	if w.job != nil && w.job.lists && w.job.builds {
		w.Pending.Source = w.what // seen, and in no program yet
	}
	err := writeFile(w.dir, "handover", &w.handover)
	w.Files = fileSet{} // the poller's own, which goes on
	return err
}
