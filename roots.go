package restarter

import (
	"path/filepath"
	"slices"
	"time"
)

// start compares at once what the last child has handed over. What that had named to Track is left
// out: this one names its own, and reads it afterwards.
func (w *watcher) start() {
	w.poll.fileSet, w.poll.roots, w.Files = w.Files, w.roots(), fileSet{}
	w.poll.untrack()
	w.poll.recent, w.poll.awakeUntil = w.Recent, time.Unix(w.Awake, 0)
	w.poll.heat()
	w.saw(w.poll.sweep().or(w.Pending))
	w.adopt()
}

// roots returns all that is to be watched.
func (w *watcher) roots() []root {
	return append(append(trackRoots(w.tracked), root{Kind: program, Path: w.Program}), w.Roots...)
}

// adopt watches what Track has been called with besides. What has come or gone since is a
// change.
func (w *watcher) adopt() {
	seen := track.take(w.dir)
	known := len(w.tracked)
	w.tracked = union(w.tracked, seen.Paths)
	if len(w.tracked) > known {
		w.saw(w.poll.noteAll(w.renew(seen.Files)))
	}
}

// renew watches what the roots are now. It returns what is new to the set, and what is not in it
// any more. What came or went under the old roots since the last sweep is a change: those are
// looked through once more, after the new ones.
func (w *watcher) renew(seen []fileSet) (came []int, gone change) {
	old, roots := w.poll.fileSet, w.poll.roots
	known := []*fileSet{&old}
	for i := range seen {
		known = append(known, &seen[i])
	}
	came, gone = w.poll.set(w.roots(), known...)
	again := newPoller(0)
	w.saw(again.noteAll(again.set(roots, &old)))
	return came, gone
}

// relist watches what the program is made of now. Files that are new to the set, or were only
// tracked, and were written since the build began count as changed.
func (w *watcher) relist(j *job) {
	first, roots := !w.Known, w.Roots
	w.Known = true
	switch {
	case !w.builds():
		w.say("cannot rebuild: %s; watching the executable alone", w.Dead)
		return
	case j.listErr != nil && first:
		w.say("%v", j.listErr)
		roots = groundRoots(w.Dir)
	case j.listErr != nil:
		// The last good set serves on.
	case j.err != nil:
		roots = union(w.Roots, j.roots) // what runs was made of the old ones
	default:
		roots = j.roots
	}
	if !first && slices.Equal(roots, w.Roots) {
		return
	}
	w.Roots = roots
	old := w.poll.fileSet
	came, _ := w.renew(nil)
	for i := w.poll.Folders; i < len(w.poll.Records); i++ {
		r := &w.poll.Records[i]
		if was := old.find(w.poll.Dirs[r.Dir], w.poll.nameOf(r)); was >= 0 && !old.Records[was].Source && r.exists() {
			came = append(came, i)
		}
	}
	var c change
	for _, i := range came {
		r := &w.poll.Records[i]
		path := w.poll.path(r)
		// The executable itself may have been written to its directory.
		if r.Source && r.notOlder(j.began) && !(first && i < w.poll.Folders && path == filepath.Dir(w.Program)) {
			c.note(r, path)
		}
	}
	w.saw(c)
}
