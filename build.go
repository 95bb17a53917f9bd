package restarter

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lib537/restarter/internal/budget"
	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/job"
	"github.com/lib537/restarter/internal/say"
	"github.com/lib537/restarter/internal/status"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// An origin is what the parent was started from.
type origin struct {
	program string // the executable, as it was named
	running string // a name that still leads to that file when program is replaced
	machine string // what tells executables of this system and machine from others
	main    string // the file of main.main, "" if unknown
	goRun   bool   // go run built it
}

// newRecipe says how the running program is built again.
func newRecipe(l *Launcher, m *say.Messages, o origin) *gotool.Recipe {
	info, _ := debug.ReadBuildInfo()
	r := gotool.New(info, o.main, o.goRun)
	r.Build, r.Generate, r.Env, r.Without = l.Build, l.Generate, started.env, []string{variable}
	if o.goRun {
		for _, arg := range system.ParentArgs() {
			if filepath.Ext(arg) == ".go" {
				r.Files = append(r.Files, filepath.Base(arg))
			} else if len(r.Files) > 0 {
				break // what follows is the program's
			}
		}
	}
	if l.Dir != "" {
		r.Dir, r.Chosen = l.Dir, true
		if !filepath.IsAbs(r.Dir) {
			r.Dir = filepath.Join(started.dir, r.Dir)
		}
	}
	r.Ran = func(dir string, args []string) {
		for i, arg := range args {
			if strings.Contains(arg, "\n") {
				args = append(slices.Clone(args[:i]), append([]string{"…"}, args[i+1:]...)...) // what is asked of go list
			}
		}
		m.Debug("in %s: %s", dir, strings.Join(args, " "))
	}
	return r
}

// jobs are what the watcher knows of its job.
type jobs struct {
	ctx      context.Context
	current  *job.Job
	done     chan *job.Job
	reminder <-chan time.Time // when to say that it still runs
	reminded int              // how often that was said, since it began or since the last save
	pace     job.Pace
	// Of commands that rewrite what they read: Launcher.Build and Launcher.Generate.
	builds, generations budget.Loop
	looked              time.Time // when a listing was last begun
	listed              bool      // the go command has listed the sources
	missing             string    // why not, as it was said
	known               bool      // the sources were listed at least once
	retry               time.Time // when to list again, if that has failed
	retryAfter          time.Duration
	listErr             string // why the last has failed, as it was said
	groups              job.Groups
}

// wait waits for the job.
func (j *jobs) wait() {
	if j.current != nil {
		<-j.done
	}
}

// haveListed notes how a listing went, and reports whether it works again. One that has failed is tried again after a
// while: what keeps it from working need not be watched.
func (j *jobs) haveListed(err error) (again bool) {
	if err == nil {
		again, j.retryAfter = j.retryAfter > 0, 0
		return again
	}
	const longest = 15 * time.Second // so that it takes well below 1 % of a core
	j.retryAfter = min(max(lookOut, 2*j.retryAfter), longest)
	j.retry = time.Now().Add(j.retryAfter)
	return false
}

// beginJob begins what is to be done next, if anything is.
func (w *watcher) beginJob(quiet bool) {
	source, input := w.pending[watch.Source], w.pending[watch.Input]
	switch {
	case w.jobs.current != nil:
	case !w.jobs.listed:
		if time.Since(w.jobs.looked) > lookOut {
			w.jobs.looked = time.Now()
			w.begin(&job.Job{Kind: job.Listing})
		}
	case source == "" && input == "":
		switch {
		case w.programs.Unproved() || w.reread:
			w.reread = false
			w.begin(&job.Job{Kind: job.Building, Prove: !w.programs.Proved()})
		case w.jobs.retryAfter > 0 && time.Now().After(w.jobs.retry):
			w.jobs.retry = time.Now().Add(w.jobs.retryAfter)
			w.begin(&job.Job{Kind: job.Listing, Again: true})
		}
	case !w.jobs.pace.Ready(quiet):
	case len(w.Generate) > 0 && (input != "" || w.stale):
		w.pending[watch.Input], w.stale = "", false
		w.pending[watch.Source] = "" // what is there by then is built
		clear(w.later[:])
		if input == "" {
			input = source
		}
		w.Say("%s changed; generating", w.Short(input))
		w.publish(status.Event{Kind: status.Building})
		w.begin(&job.Job{Kind: job.Generating, Changed: input})
	default:
		if source == "" {
			source = input
		}
		w.pending[watch.Source], w.pending[watch.Input], w.later[watch.Source], w.reread = "", "", later{}, false
		w.Say("%s changed; building", w.Short(source))
		w.publish(status.Event{Kind: status.Building})
		w.begin(&job.Job{Kind: job.Building, Changed: source, Prove: !w.programs.Proved()})
	}
}

// begin begins a job.
func (w *watcher) begin(j *job.Job) {
	w.jobs.current = j
	w.jobs.remind()
	w.jobs.pace.Begun()
	w.poll.AnySave = false
	j.Runs = w.programs.Current().ID
	j.Begin(w.jobs.ctx, *w.recipe, job.Place{Program: w.program, Running: w.running, Dir: started.dir, Private: w.dir}, w.jobs.done)
}

// finish takes over what a job has found.
func (w *watcher) finish(j *job.Job) {
	w.jobs.current, w.jobs.reminder = nil, nil
	defer j.Cancel()
	if j.Cancelled() {
		w.dir.Drop(j.Exe)
		w.Debug("%s was overtaken by another change", j.Kind)
		w.reread = w.reread || j.Changed == "" && !j.Prove
		return
	}
	if j.Kind == job.Building {
		w.saw(w.poll.Sweep()) // of what was watched up to now, before that changes
	}
	starved := w.jobs.pace.Starved()
	other := !slices.Equal(w.recipe.Listed(), j.Recipe.Listed()) || w.recipe.Where() != j.Recipe.Where()
	if j.Kind == job.Building && w.jobs.listed && other {
		// Another list of files builds the program, or another directory. What was not listed was not watched.
		w.jobs.listed, w.jobs.looked, w.reread = false, time.Time{}, true
	}
	*w.recipe = *j.Recipe
	switch j.Kind {
	case job.Listing:
		w.found(j)
	case job.Generating:
		w.generated(j)
	case job.Building:
		w.relist(j)
		if !w.built(j, starved) {
			w.dir.Drop(j.Exe)
		}
	}
}

// generateSince has the generator run if something that it reads was written after that time.
func (w *watcher) generateSince(then time.Time) {
	if path, at := w.poll.Newest(watch.Input); len(w.Generate) > 0 && at.After(then) {
		w.pending[watch.Input] = path
	}
}

// found watches the sources, once they are found.
func (w *watcher) found(j *job.Job) {
	if !w.recipe.CanBuild() {
		if text := j.Missing.Error(); text != w.jobs.missing {
			w.jobs.missing = text
			w.Say("cannot rebuild: %s; watching only the executable", text)
		}
		return
	}
	if w.recipe.Trimmed() && len(w.Build) == 0 && !w.trimmed {
		w.trimmed = true
		w.Say("built with -trimpath, which records neither -ldflags, CGO flags nor the path of a profile; GOFLAGS and CGO_CFLAGS can carry them")
	}
	came := w.jobs.missing != ""
	w.jobs.listed, w.jobs.missing = true, ""
	again := w.jobs.haveListed(j.ListErr)
	switch {
	case j.ListErr == nil:
		w.sources, w.jobs.known = j.Roots, true
	case j.Again:
		w.listingFailed(j, false)
		return
	default:
		if !w.jobs.known {
			w.sources = w.recipe.Ground()
		}
		w.listingFailed(j, len(w.Build) > 0 && j.Missing == nil)
	}
	w.programs.TryAgain() // what they build is not known
	w.reread = w.reread || again
	w.rewatch() // before a build reads them
	if len(w.Generate) > 0 && !w.programs.Proved() {
		w.generateSince(w.poll.OldestGenerated()) // which may be older than the executable
	}
	if came {
		w.Say("the sources can be built now; watching them")
	}
	w.Debug("watching %d files, of %d directories and patterns that go list names in %s", w.poll.Len(), len(w.sources), w.recipe.Where())
}

// listingFailed says why, once, if nothing else does: where a listing fails, go build mostly does, too.
func (w *watcher) listingFailed(j *job.Job, say bool) {
	switch text := j.ListErr.Error(); {
	case !say:
		w.Debug("listing failed: %s", text)
	case text != w.jobs.listErr:
		w.jobs.listErr = text
		w.Say("%v", j.ListErr)
	}
}

// relist watches what the program is made of now. Files that were not yet watched when the build read
// them may have changed since: then another build follows.
func (w *watcher) relist(j *job.Job) {
	roots := j.Roots
	if !j.ListCut {
		w.jobs.haveListed(j.ListErr)
	}
	switch {
	case j.ListErr != nil: // the last good set serves on
		w.listingFailed(j, j.Err == nil && !j.ListCut)
		return
	case j.Err != nil:
		roots = watch.Union(w.sources, roots) // what runs was made of the old ones
	}
	w.jobs.known = true
	if slices.Equal(roots, w.sources) {
		return
	}
	w.sources = roots
	came := w.rewatch()
	w.Debug("watching %d files", w.poll.Len())
	if came[watch.Source] != "" {
		w.Debug("%s is new to the program", w.Short(came[watch.Source]))
		w.reread = true
	}
}

// generated builds what the generator has written. Whatever has changed while it ran is in that build.
func (w *watcher) generated(j *job.Job) {
	w.saw(w.poll.Sweep())
	w.generatedItself(j)
	if j.Err != nil {
		w.stale, w.withheld, w.pending[watch.Source] = true, w.pending[watch.Tracked] != "", ""
		w.complain("generation", w.recipe.Dir, j.Said, j.Err)
		return
	}
	if w.pending[watch.Source] == "" {
		w.pending[watch.Source] = j.Changed
	}
}

// A person's saves hardly ever cause a longer delay.
const unlikely = 2 * time.Second

// generatedItself postpones a change of what Generate itself seems to write below Sources.
func (w *watcher) generatedItself(j *job.Job) {
	c := watch.Change{watch.Input: w.pending[watch.Input]}
	if !c.Any() {
		w.jobs.generations.Break()
	} else if delay, _ := w.jobs.generations.Round(j); delay > 0 {
		w.pending[watch.Input] = ""
		w.postpone(c, delay)
		if delay > unlikely {
			w.Say("each run of Launcher.Generate rewrites %s; leave it out of Launcher.Sources; generating again in %v", w.Short(c[watch.Input]), delay)
		}
	}
}

// built takes over a build, and reports whether what it has made is going to run.
func (w *watcher) built(j *job.Job, starved bool) bool {
	overtaken := w.pending[watch.Source] != "" || w.pending[watch.Input] != ""
	if j.Err == nil {
		j.Err = system.CheckExecutable(j.Exe, w.machine)
	}
	if _, at := w.poll.Newest(watch.Source); j.Err == nil {
		if j.Changed != "" || j.ID != w.programs.Refused() {
			w.withheld = false
		}
	} else if edited := j.Changed != "" || j.Prove && at.After(w.born); edited && w.pending[watch.Tracked] != "" {
		w.withheld = true
	}
	if j.Err != nil || !overtaken {
		w.jobs.builds.Break()
		w.jobs.pace.Useful()
	}
	took := time.Since(j.Started).Round(10 * time.Millisecond)
	switch {
	case j.Err != nil:
		w.programs.Tried()
		said := fmt.Sprintf("%s%v", j.Said, j.Err)
		switch {
		case j.NoPlace && j.Changed == "":
			w.Say("cannot build: %v; trying again with the next change", j.Err)
		case j.Changed != "" || said != w.said:
			w.complain("build", w.recipe.Where(), j.Said, j.Err)
		}
		w.said = said
		return false
	case overtaken && !starved && !w.builtItself(j):
		// The build may have read one file before and the other after it was saved.
		w.jobs.pace.Useless(w.changed)
		return false
	case j.Changed == "" && j.Runs != w.programs.Current().ID:
		return false // another program was deployed meanwhile
	case j.Changed == "" && j.ID == w.programs.Refused():
		w.Debug("not restarted: this program has already failed with Overlap: content ID %s", j.ID)
	case j.Prove && j.Proof == w.programs.Current().ID && (!w.waits || j.Changed == ""):
		w.programs.Prove(j.ID)
		w.Debug("the sources build what runs: content ID %s", j.Proof)
	case !j.Prove && w.programs.Same(j.ID) && (!w.waits || j.Changed == ""):
		w.Debug("the same program: content ID %s", j.ID)
	default:
		switch {
		case j.Doubt != "" && j.Changed == "":
			w.Say("cannot tell whether the sources have changed: %s; built in %v; restarting", j.Doubt, took)
		case j.Changed == "" && j.Prove:
			w.Say("the running program is not what the sources build; built in %v; restarting", took)
		default:
			w.Say("built in %v; restarting", took)
		}
		if j.Changed == "" {
			j.Changed = w.recipe.Dir
		}
		w.jobs.pace.Useful()
		w.offer(w.programs.Built(w.next(j.Exe, j.ID, j.Changed)))
		return true
	}
	if j.Changed != "" {
		w.Say("the program is the same")
		w.publish(status.Event{Kind: status.Same})
	}
	return false
}

// builtItself postpones a change of what Build itself seems to write, and reports whether it did.
func (w *watcher) builtItself(j *job.Job) bool {
	c := watch.Change{watch.Source: w.pending[watch.Source]}
	if len(w.Build) == 0 || !c.Any() || w.pending[watch.Input] != "" {
		return false
	}
	w.jobs.pace.Settle(w.changed)
	delay, _ := w.jobs.builds.Round(j)
	if delay == 0 {
		return false
	}
	w.pending[watch.Source] = ""
	w.postpone(c, delay)
	if delay > unlikely {
		w.Say("each build rewrites %s; move that step to Launcher.Generate; building again in %v", w.Short(c[watch.Source]), delay)
	}
	return true
}

// remind has it said that the job still runs, after 5, 15 and 60 s.
func (j *jobs) remind() { j.reminder, j.reminded = time.After(silence), 0 }

// remind says that a job still runs.
func (w *watcher) remind() {
	j, after := w.jobs.current, []time.Duration{2 * silence, 9 * silence}
	w.jobs.reminder = nil
	if j == nil {
		return
	}
	if j.Changed != "" || w.pending.Any() {
		w.Say("still %s, for %v", j.Kind, time.Since(j.Started).Round(time.Second))
	}
	if w.jobs.reminded < len(after) {
		w.jobs.reminder = time.After(after[w.jobs.reminded])
		w.jobs.reminded++
	}
}

// complain prints what a command said that ran in a directory, once, and what follows from it.
func (w *watcher) complain(what, dir string, said []byte, err error) {
	said = say.Relocate(said, dir, w.From)
	if len(said) == 0 {
		said = []byte("restarter: " + err.Error() + "\n")
	}
	w.publish(status.Event{Kind: status.Failed, Text: string(said)})
	if w.Silent {
		return
	}
	say.Text(said)
	if w.child == nil {
		w.Say("%s failed; waiting for a change", what)
	} else {
		w.Say("%s failed, the old program keeps running", what)
	}
}
