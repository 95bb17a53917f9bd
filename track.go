package restarter

import (
	"path/filepath"

	"github.com/lib537/restarter/internal/watch"
)

// Track has more files watched: configuration, templates, whatever the program reads when
// it starts. It takes files, directories with all that lies below them, and patterns in the
// syntax of [path/filepath.Match], in which ** stands for any number of directories; none of them need
// exist yet. When the content of one of these
// files changes, or one comes or goes, the child is to restart, without a build. Relative paths
// start at the current directory. An empty path is ignored, and below a directory symbolic links to
// other directories are not followed. Call it before the program reads the files, so that no edit
// is lost, and after it has written any of them itself: when Track returns, the parent has seen
// them. Each child names its own.
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
