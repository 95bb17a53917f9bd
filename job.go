package restarter

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// A job is a listing, a build or both, side by side, in a goroutine of its own.
type job struct {
	lists, builds bool
	anew          bool // what runs, or ran last, is not there: whatever builds is the successor

	ctx    context.Context
	cancel context.CancelFunc
	done   chan *job // receives the job itself, once

	started time.Time

	recipe  recipe // with what the job has found out about it
	began   int64  // a file time: what was written before is in the build
	roots   []root
	listErr error
	exe, id string
	said    []byte
	err     error
}

// begin starts a job.
func (w *watcher) begin(ctx context.Context, j *job) {
	w.warm = w.warm || j.builds
	w.job, j.anew = j, w.anew || !exists(w.Exe)
	j.ctx, j.cancel = context.WithCancel(ctx)
	j.done = make(chan *job, 1)
	j.recipe, j.began, j.started = w.recipe, w.Began, time.Now()
	go func() {
		defer func() { j.done <- j }()
		if err := ensurePrivate(w.dir); err != nil {
			j.err, j.listErr = err, err
			return
		}
		j.recipe.resolve(j.ctx, w.dir, w.Wd, filepath.Dir(w.Program))
		recipe := j.recipe // the build changes its own
		listed := make(chan struct{})
		go func() {
			defer close(listed)
			if j.lists {
				j.roots, j.listErr = recipe.list(j.ctx, w.dir)
			}
		}()
		if j.builds {
			j.build(w.dir, filepath.Base(w.Program))
		}
		<-listed
	}()
}

// build makes an executable of the given name in a new folder of the private directory, which has a
// number for a name.
func (j *job) build(dir, name string) {
	out, err := os.MkdirTemp(dir, "")
	if err != nil {
		j.err = err
		return
	}
	j.exe = filepath.Join(out, name)
	if info, err := os.Stat(out); err == nil {
		j.began = info.ModTime().UnixNano()
	}
	if j.said, j.err = j.recipe.build(j.ctx, dir, j.exe); j.err == nil {
		j.id, j.err = contentID(j.exe)
	}
}

// discard removes an executable that is not going to run.
func (j *job) discard() {
	if j.exe != "" {
		os.RemoveAll(filepath.Dir(j.exe))
	}
}
