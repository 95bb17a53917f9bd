package restarter

import (
	"path/filepath"
	"reflect"
	"slices"
	"sync"
)

// track is what Track was called with in this process, so far.
var track = tracker{news: make(chan struct{}, 1)}

type tracker struct {
	sync.Mutex
	tracked
	news chan struct{} // tells the watcher
}

// tracked is what Track was called with, and how that was. Each call appends one to a file of the
// private directory too, for the parent: the child may leave before its watcher has started.
// The fields are exported for wire.go.
type tracked struct {
	Paths []string // absolute
	Files []fileSet
}

// Track has more files watched: configuration, templates, whatever the program reads when
// it starts. It takes files, directories with all that lies below them, and patterns in the
// syntax of [path/filepath.Match]; none of them need exist yet. When one of these files
// changes, comes or goes, the child is to restart, without a build. Relative paths start at
// the current directory. An empty path is ignored, and below a directory symbolic links to others
// are not followed. Call it before the program reads the files, so that no edit is lost, and after it
// has written any of them itself. Each child names its own.
//
// Outside a child it does nothing, so it may be called before or after [IsParent]. It is safe for
// concurrent use.
func Track(paths ...string) {
	if me.role != child {
		return
	}
	track.Lock()
	defer track.Unlock()
	known := len(track.Paths)
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err == nil && path != "" && !slices.Contains(track.Paths, abs) {
			track.Paths = append(track.Paths, abs)
		}
	}
	if len(track.Paths) == known {
		return
	}
	p := newPoller(0)
	p.set(trackRoots(track.Paths[known:]))
	track.Files = append(track.Files, p.fileSet)
	appendFile(me.dir, "tracked", tracked{track.Paths[known:], []fileSet{p.fileSet}})
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

// take returns what the child has named so far, and the files as they were then, once.
func (t *tracker) take(dir string) (all tracked) {
	if me.role != child {
		r, err := openFile(dir, "tracked")
		if err != nil {
			return all
		}
		defer r.Close()
		for r.next() {
			var t tracked
			if r.get(reflect.ValueOf(&t).Elem()); r.err == nil {
				all = tracked{append(all.Paths, t.Paths...), append(all.Files, t.Files...)}
			}
		}
		return all
	}
	t.Lock()
	defer t.Unlock()
	all, t.Files = t.tracked, nil
	return all
}

// union returns a, and what it lacks of b.
func union[T comparable](a, b []T) []T {
	a = slices.Clip(a) // it may be somebody's
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}
