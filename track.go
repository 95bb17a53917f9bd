package restarter

import (
	"path/filepath"
	"slices"
	"sync"
)

// track is what Track was called with in this process, so far.
var track = tracked{news: make(chan struct{}, 1)}

type tracked struct {
	mu    sync.Mutex
	paths []string      // absolute
	files []fileSet     // as they were at each call, until the watcher adopts them
	news  chan struct{} // tells the watcher
}

// Track has more files watched: configuration, templates, whatever the program reads when
// it starts. It takes files, directories with all that lies below them, and patterns in the
// syntax of [path/filepath.Match]; none of them need exist yet. When one of these files
// changes, comes or goes, the child is to restart, without a build. Relative paths start at
// the current directory. An empty path is ignored, and below a directory symbolic links to others
// are not followed. Call it before the program reads the files, so that no edit is lost.
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
	known := len(track.paths)
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err == nil && path != "" && !slices.Contains(track.paths, abs) {
			track.paths = append(track.paths, abs)
		}
	}
	if len(track.paths) == known || me.role != child {
		return
	}
	p := newPoller(0)
	p.set(trackRoots(track.paths[known:]))
	track.files = append(track.files, p.fileSet)
	select {
	case track.news <- struct{}{}:
	default:
	}
}

func trackRoots(paths []string) (roots []root) {
	for _, path := range paths {
		roots = append(roots, root{Kind: glob, Tracked: true, Path: path})
	}
	return roots
}

// all returns what this program has named so far.
func (t *tracked) all() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.paths
}

// take returns that too, and the files as they were when they were named, once.
func (t *tracked) take() ([]string, []fileSet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	files := t.files
	t.files = nil
	return t.paths, files
}

// union returns what is in a or in b, each once.
func union[T comparable](a, b []T) (all []T) {
	seen := make(map[T]bool)
	for _, list := range [][]T{a, b} {
		for _, x := range list {
			if !seen[x] {
				seen[x] = true
				all = append(all, x)
			}
		}
	}
	return all
}
