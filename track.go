package restarter

import (
	"path/filepath"

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
