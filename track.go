package restarter

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/lib537/restarter/internal/job"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// Track watches more files: configuration, templates, whatever the program reads when it starts. It
// takes files, directories with everything below them, and patterns in the syntax of
// [path/filepath.Match], in which ** is any number of directories. None of them need exist yet.
// Relative paths start at the current directory. An empty path is ignored. Below a directory, symbolic
// links to other directories are not followed.
//
// When the content of a file changes, or a file appears or disappears, the child restarts, without a
// build. If code was saved with it, the restart waits for the build.
//
// Call Track before reading the files, so that no edit is lost. If the program writes one of them, do
// that before calling Track: when Track returns, the parent has seen the files. Each child has to call
// it again.
//
// Outside a child it does nothing, so it may be called before or after [IsParent]. It is safe for
// concurrent use.
func Track(paths ...string) {
	var all []string
	for _, path := range paths {
		if abs, err := filepath.Abs(path); err == nil && path != "" {
			all = append(all, abs)
		}
	}
	for len(all) > 0 {
		// A message is of a limited length.
		n, size := 0, 0
		for ; n < len(all) && (n == 0 || size+len(all[n]) < 1<<20); n++ {
			size += len(all[n]) + 1
		}
		ask(trackPaths, nil, all[:n]...)
		all = all[n:]
	}
}

func patterns(use watch.Purpose, paths []string) (roots []watch.Root) {
	for _, path := range paths {
		if path != "" {
			roots = append(roots, watch.Root{Kind: watch.Pattern, For: use, Path: path})
		}
	}
	return roots
}

// In the parent, what children have named belongs to the watcher.

// A naming is one call of Track.
type naming struct {
	child *process
	roots []watch.Root
	seen  *watch.Set // as those files were
}

// track has more files watched for a child: they were as in seen when it named them.
func (w *watcher) track(c *process, roots []watch.Root, seen *watch.Set) {
	w.call(func() {
		w.named = append(w.named, naming{c, roots, seen})
	})
}

// adopt watches what the child has named since the last tick: it may name thousands of files, one by one.
func (w *watcher) adopt() {
	n := 0
	var seen []*watch.Set
	for _, c := range []*process{w.child, w.beside} {
		var roots []watch.Root
		for _, named := range w.named {
			if named.child == c && c != nil {
				roots, seen, n = append(roots, named.roots...), append(seen, named.seen), n+named.seen.Len()
			}
		}
		if len(roots) > 0 {
			c.tracked = watch.Union(c.tracked, roots)
		}
	}
	w.named = nil
	if len(seen) > 0 {
		w.saw(w.rewatch(seen...).Without(watch.Source, watch.Input, watch.Executable))
		w.Debug("tracking %d files", n)
	}
}

// tracked returns what was named to Track by the child, or by its successor if that runs beside it, or by the last
// child while there is none.
func (w *watcher) tracked() []watch.Root {
	switch {
	case w.beside != nil:
		return slices.Clone(w.beside.tracked)
	case w.child != nil:
		return slices.Clone(w.child.tracked)
	}
	return slices.Clone(w.last)
}

// restartForTracked offers the same program again when what it reads has changed. It waits until
// the file is still.
func (w *watcher) restartForTracked(quiet bool) {
	path := w.pending[watch.Tracked]
	if path == "" || w.leaving { // its successor reads it anyway
		w.leaveUnread()
		w.tracking, w.deferred, w.withheld = time.Time{}, false, false
		return
	}
	still := quiet && time.Since(w.changed) > halfWritten || time.Since(w.tracking) > patience
	if !still || !w.replaced.IsZero() {
		return
	}
	if w.toBuild() || w.withheld || w.toCompare() && time.Since(w.tracking) < patience {
		// Code and file were saved together: the old program may not understand the new file.
		if !w.deferred && !w.toCompare() {
			w.deferred = true
			if !w.causesBuild(path) {
				w.Say("%s changed; waiting for the build", w.Short(path))
			}
		}
		return
	}
	w.pending[watch.Tracked] = ""
	current := w.programs.Current()
	exe := current.Exe
	gone := !system.Exists(exe) || w.dir.Same(exe) != nil
	if (w.programs.Refused() != "" || gone) && w.recipe.CanBuild() {
		// The change may fix what failed beside the child; or the executable was removed.
		w.waits = true
		w.pending[watch.Source] = path
		return
	}
	if gone {
		exe = w.running
	}
	if !system.Exists(exe) {
		w.Say("%s changed; cannot restart: %s is gone", w.Short(path), current.Exe)
		return
	}
	w.Say("%s changed; restarting", w.Short(path))
	w.offer(w.programs.Again(w.next(exe, current.ID, path)))
}

// leaveUnread leaves a change of a tracked file to the successor, which reads it when it starts.
func (w *watcher) leaveUnread() {
	if path := w.pending[watch.Tracked]; path != "" {
		w.pending[watch.Tracked], w.unread = "", path
	}
}

// toBuild reports whether something that somebody has edited is being built, or will be.
func (w *watcher) toBuild() bool {
	if j := w.jobs.current; j != nil && (j.Changed != "" || j.Kind == job.Building && !j.Prove) {
		return true
	}
	edited := w.pending[watch.Source] != "" || w.pending[watch.Input] != ""
	return edited && w.jobs.missing == ""
}

// causesBuild reports whether the change of this file is, or will be, said to be what is built: it is embedded as well.
func (w *watcher) causesBuild(path string) bool {
	j := w.jobs.current
	return path == w.pending[watch.Source] || path == w.pending[watch.Input] || j != nil && path == j.Changed
}

// toCompare reports whether it will soon be known whether the sources build what runs: an edit of the
// first moments is found so.
func (w *watcher) toCompare() bool {
	return w.programs.Unproved() && w.jobs.missing == ""
}
