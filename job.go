package restarter

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/status"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// A job is what takes time and is done beside the polling: a listing, a run of the generator, or
// a build with a listing beside it. There is one at a time.
type job struct {
	kind    kindOfJob
	changed string // what it was begun for, "" if for nothing that the user did
	prove   bool   // compare what runs with what its sources build
	runs    string // the content ID of what runs

	ctx     context.Context
	cancel  context.CancelFunc
	started time.Time

	recipe  *gotool.Recipe // the job's own, with what it has found out
	missing error          // why nothing can be built
	roots   []watch.Root
	listErr error
	exe, id string // what was built
	proof   string // the content ID of what the sources build when built as what runs was
	said    []byte
	err     error
}

type kindOfJob string

const (
	listing    kindOfJob = "listing"
	generating kindOfJob = "generating"
	building   kindOfJob = "building"
)

// jobs are what the watcher knows of its job.
type jobs struct {
	ctx       context.Context
	current   *job
	done      chan *job
	reminder  <-chan time.Time
	overtaken time.Time // when the last build was cancelled, if none has begun since
	starving  time.Time // when the first build was cancelled, if none has finished since
	own       string    // a source that was seen to change while a command of the user's built
	times     int       // how often in a row
	looked    time.Time // when a listing was last begun
	listed    bool      // the go command has listed the sources
	missing   string    // why not, as it was said
	groups    groups
}

// wait waits for the job.
func (j *jobs) wait() {
	if j.current != nil {
		<-j.done
	}
}

// overtake cancels a build, because of a change at that time: it is of yesterday. A command of the
// user's is let finish, since it may be what has just written the file.
func (j *jobs) overtake(at time.Time) {
	if j.current == nil || len(j.current.recipe.Build) > 0 || j.current.kind != building || j.current.ctx.Err() != nil || j.starved() {
		return
	}
	j.current.cancel()
	j.overtaken = at
	if j.starving.IsZero() {
		j.starving = at
	}
}

// starved reports whether changes have followed each other so quickly, for so long, that a build
// has to be let finish though it is of yesterday.
func (j *jobs) starved() bool { return !j.starving.IsZero() && time.Since(j.starving) > hunger }

// ready reports whether a build that was overtaken may begin again.
func (j *jobs) ready(quiet bool) bool {
	return j.overtaken.IsZero() || quiet || time.Since(j.overtaken) > patience
}

// beginJob begins what is to be done next, if anything is.
func (w *watcher) beginJob(quiet bool) {
	source, input := w.pending[watch.Source], w.pending[watch.Input]
	switch {
	case w.jobs.current != nil || w.dir == nil:
	case !w.jobs.listed:
		if time.Since(w.jobs.looked) > lookOut {
			w.jobs.looked = time.Now()
			w.begin(&job{kind: listing})
		}
	case source == "" && input == "":
		if !w.proved && !w.tried || w.reread {
			w.reread = false
			w.begin(&job{kind: building, prove: !w.proved})
		}
	case !w.jobs.ready(quiet):
	case len(w.Generate) > 0 && (input != "" || w.stale):
		w.pending[watch.Input], w.stale = "", false
		w.pending[watch.Source] = "" // what is there by then is built
		if input == "" {
			input = source
		}
		w.say("%s changed; generating", w.short(input))
		w.publish(status.Event{Kind: status.Building})
		w.begin(&job{kind: generating, changed: input})
	default:
		if source == "" {
			source = input
		}
		w.pending[watch.Source], w.pending[watch.Input], w.reread = "", "", false
		w.say("%s changed; building", w.short(source))
		w.publish(status.Event{Kind: status.Building})
		w.begin(&job{kind: building, changed: source, prove: !w.proved})
	}
}

// begin begins a job.
func (w *watcher) begin(j *job) {
	w.jobs.current, w.jobs.overtaken, w.jobs.reminder = j, time.Time{}, time.After(silence)
	j.ctx, j.cancel = context.WithCancel(w.jobs.ctx)
	recipe := *w.recipe
	j.recipe, j.started = &recipe, time.Now()
	here, running, dir := filepath.Dir(w.program), w.running, w.dir
	j.runs = w.current.id
	go func() {
		defer func() { w.jobs.done <- j }()
		if j.missing = j.recipe.Resolve(j.ctx, running, started.dir, here); !j.recipe.CanBuild() {
			return
		}
		switch j.kind {
		case listing:
			j.list(*j.recipe)
		case generating:
			j.said, j.err = j.recipe.Generates(j.ctx)
		case building:
			beside, listed := *j.recipe, make(chan struct{}) // the build changes its own
			go func() {
				defer close(listed)
				j.list(beside)
			}()
			j.build(dir, filepath.Base(w.program))
			<-listed
		}
	}()
}

func (j *job) list(recipe gotool.Recipe) {
	if j.listErr = j.missing; j.missing == nil {
		j.roots, j.listErr = recipe.List(j.ctx)
	}
}

// build makes an executable of the given name in a new folder.
func (j *job) build(dir *private.Dir, name string) {
	folder, err := dir.Folder()
	if err != nil {
		j.err = err
		return
	}
	tmp := filepath.Join(folder, "tmp")
	defer os.RemoveAll(tmp)
	if j.err = os.Mkdir(tmp, 0o700); j.err != nil {
		return
	}
	j.exe = filepath.Join(folder, name)
	if j.prove {
		if j.said, j.err = j.recipe.Reproduce(j.ctx, j.runs, j.exe, tmp); j.err == nil {
			j.proof, j.err = j.recipe.ContentID(j.exe)
		}
		if j.err != nil {
			return
		}
	}
	if !j.prove || !j.recipe.Exact() && len(j.recipe.Build) == 0 {
		if j.said, j.err = j.recipe.Make(j.ctx, j.exe, tmp); j.err != nil {
			return
		}
	}
	if j.err = dir.Keep(j.exe); j.err == nil {
		j.id, j.err = j.recipe.ContentID(j.exe)
	}
}

// finish takes over what a job has found.
func (w *watcher) finish(j *job) {
	w.jobs.current, w.jobs.reminder = nil, nil
	defer j.cancel()
	if j.ctx.Err() != nil {
		w.dir.Drop(j.exe)
		w.debug("%s was overtaken by another change", j.kind)
		w.reread = w.reread || j.changed == "" && !j.prove
		return
	}
	if j.kind == building {
		w.saw(w.poll.Sweep()) // of what was watched up to now, before that changes
	}
	starved := w.jobs.starved()
	if j.kind == building && w.jobs.listed && !slices.Equal(w.recipe.Listed(), j.recipe.Listed()) {
		// Another list of files builds the program. Those that were not listed were not watched.
		w.jobs.listed, w.jobs.looked, w.reread = false, time.Time{}, true
	}
	*w.recipe = *j.recipe
	switch j.kind {
	case listing:
		w.found(j)
	case generating:
		w.generated(j)
	case building:
		w.relist(j)
		if !w.built(j, starved) {
			w.dir.Drop(j.exe)
		}
	}
}

// found watches the sources, once they are found.
func (w *watcher) found(j *job) {
	if !w.recipe.CanBuild() {
		if text := j.missing.Error(); text != w.jobs.missing {
			w.jobs.missing = text
			w.say("cannot rebuild: %s; watching the executable alone", text)
		}
		return
	}
	came := w.jobs.missing != ""
	w.jobs.listed, w.jobs.missing = true, ""
	w.sources, w.tried = j.roots, false // what they build is not known
	if j.listErr != nil {
		if j.missing == nil {
			w.say("%v", j.listErr)
		}
		w.sources = w.recipe.Ground()
	}
	w.rewatch() // before a build reads them
	if came {
		w.say("the sources can be built now; watching them")
	}
	w.debug("watching %d files, of %d directories and patterns that go list names in %s", w.poll.Len(), len(w.sources), w.recipe.Dir)
}

// relist watches what the program is made of now. Files that were not watched before the build read
// them may have changed meanwhile: that build is compared with another.
func (w *watcher) relist(j *job) {
	roots := j.roots
	switch {
	case j.listErr != nil: // the last good set serves on
		w.debug("listing failed: %v", j.listErr)
		return
	case j.err != nil:
		roots = union(w.sources, roots) // what runs was made of the old ones
	}
	if slices.Equal(roots, w.sources) {
		return
	}
	w.sources = roots
	came := w.rewatch()
	w.debug("watching %d files", w.poll.Len())
	if came[watch.Source] != "" {
		w.debug("%s is new to the program", w.short(came[watch.Source]))
		w.reread = true
	}
}

// generated builds what the generator has written. Whatever has changed while it ran is in that build.
func (w *watcher) generated(j *job) {
	w.saw(w.poll.Sweep())
	if j.err != nil {
		w.stale, w.pending[watch.Source] = true, ""
		w.complain("generation", j.said, j.err)
		return
	}
	if w.pending[watch.Source] == "" {
		w.pending[watch.Source] = j.changed
	}
}

// built takes over a build, and reports whether what it has made is going to run.
func (w *watcher) built(j *job, starved bool) bool {
	overtaken := w.pending[watch.Source] != "" || w.pending[watch.Input] != ""
	if j.err == nil {
		j.err = system.CheckExecutable(j.exe, w.machine)
	}
	if j.err != nil || !overtaken {
		w.jobs.own, w.jobs.starving = "", time.Time{}
	}
	took := time.Since(j.started).Round(10 * time.Millisecond)
	switch {
	case j.err != nil:
		w.tried = true
		said := fmt.Sprintf("%s%v", j.said, j.err)
		if j.changed != "" || said != w.said {
			w.complain("build", j.said, j.err)
		}
		w.said = said
		return false
	case overtaken && !starved && !w.ownWriting():
		// The build may have read one file before and the other after it was saved.
		if w.jobs.starving.IsZero() {
			w.jobs.starving = w.changed
		}
		return false
	case j.changed == "" && j.runs != w.current.id:
		return false // another program was deployed meanwhile
	case j.changed == "" && j.id == w.refused:
		w.debug("not restarted: it has ended beside the program that runs: content ID %s", j.id)
	case j.prove && j.proof == w.current.id && (!w.waits || j.changed == ""):
		w.proved, w.alias = true, j.id
		w.debug("the sources build what runs: content ID %s", j.proof)
	case !j.prove && (j.id == w.current.id || j.id == w.alias) && (!w.waits || j.changed == ""):
		w.debug("the same program: content ID %s", j.id)
	default:
		if j.changed == "" && j.prove {
			w.say("the sources have changed since the program was built; built in %v; restarting", took)
		} else {
			w.say("built in %v; restarting", took)
		}
		if j.changed == "" {
			j.changed = w.recipe.Dir
		}
		w.jobs.starving = time.Time{}
		w.offer(j.exe, j.id, j.changed)
		w.proved, w.alias = true, ""
		return true
	}
	if j.changed != "" {
		w.say("the program is the same")
		w.publish(status.Event{Kind: status.Same})
	}
	return false
}

// ownWriting reports whether a command of the user's has itself written what was seen to change while it
// ran: three times in a row the same file, and nothing between.
func (w *watcher) ownWriting() bool {
	const often = 3
	path := w.pending[watch.Source]
	if len(w.Build) == 0 || path == "" || w.pending[watch.Input] != "" {
		return false
	}
	if path != w.jobs.own {
		w.jobs.own, w.jobs.times = path, 0
	}
	w.jobs.overtaken = w.changed // wait for a quiet tick before the next
	if w.jobs.times++; w.jobs.times < often {
		return false
	}
	w.jobs.own, w.pending[watch.Source] = "", ""
	w.say("%s is written anew by each build; Launcher.Generate is for that", w.short(path))
	return true
}

// remind says that a job still runs, after 5 s, 15 s and 60 s.
func (w *watcher) remind() {
	j := w.jobs.current
	w.jobs.reminder = nil
	if j == nil {
		return
	}
	for i, at := range []time.Duration{silence, 3 * silence, 12 * silence} {
		if time.Since(j.started) < at+time.Second {
			if j.changed != "" || w.pending.Any() {
				w.say("still %s, for %v", j.kind, at)
			}
			if next := []time.Duration{2 * silence, 9 * silence}; i < len(next) {
				w.jobs.reminder = time.After(next[i])
			}
			return
		}
	}
}

// groups are the process groups of the commands that run. The child is told of them: if this process
// is killed, the child ends them.
type groups struct {
	mu    sync.Mutex
	child *process
	all   []int
}

// tell tells another child.
func (g *groups) tell(c *process) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.child = c
	for _, group := range g.all {
		g.send(strconv.Itoa(group))
	}
}

// add is called when a command was started, remove when it has ended.
func (g *groups) add(number int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, number)
	g.send(strconv.Itoa(number))
}

func (g *groups) remove(number int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = slices.DeleteFunc(g.all, func(n int) bool { return n == number })
	g.send(fmt.Sprint(-number))
}

func (g *groups) send(text string) {
	if g.child != nil {
		g.child.send(group, text)
	}
}
