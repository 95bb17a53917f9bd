package restarter

import (
	"path/filepath"
	"sync"
)

// track is what Track was called with in this process, so far.
var track = tracked{news: make(chan struct{}, 1)}

type tracked struct {
	mu    sync.Mutex
	paths []string      // absolute
	files fileSet       // as they were at the call
	news  chan struct{} // tells the watcher
}

// Track has more files watched: configuration, templates, whatever the program reads when
// it starts. It takes files, directories with all that lies below them, and patterns in the
// syntax of [path/filepath.Match]; none of them need exist yet. When one of these files
// changes, comes or goes, the child is to restart, without a build. Relative paths start at
// the current directory. Call it before the program reads the files, so that no edit is lost.
//
// The child watches. The parent only remembers the paths, for the time when there is no
// child (see [Launcher.WaitOnFailure]), so Track may be called before or after [IsParent].
// Under RESTARTER=off it does nothing. It is safe for concurrent use.
func Track(paths ...string) {
	if me.role == alone {
		return
	}
	track.mu.Lock()
	defer track.mu.Unlock()
	for _, path := range paths {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		track.paths = union(track.paths, []string{path})
	}
	if me.role != child {
		return
	}
	p := newPoller(0)
	p.set(trackRoots(track.paths), track.files)
	track.files = p.fileSet
	select {
	case track.news <- struct{}{}:
	default:
	}
}

func trackRoots(paths []string) (roots []root) {
	for _, path := range paths {
		roots = append(roots, root{kind: glob, tracked: true, path: path})
	}
	return roots
}

// all returns what is tracked by this program and what was by the one before, which
// this one may still be about to name.
func (t *tracked) all(before []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return union(before, t.paths)
}

// seen returns the files as they were when Track was called.
func (t *tracked) seen() fileSet {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.files
}

// own returns what is tracked by this program, if it has come to name anything.
func (t *tracked) own(before []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.paths) == 0 {
		return before
	}
	return t.paths
}

func union(a, b []string) (all []string) {
	seen := make(map[string]bool)
	for _, list := range [][]string{a, b} {
		for _, path := range list {
			if !seen[path] {
				seen[path] = true
				all = append(all, path)
			}
		}
	}
	return all
}
