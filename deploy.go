package restarter

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// A deploy puts another executable in the place of the one that the parent was started from. The new one may be
// anything, so the first is kept: as a link, as a copy, or as what /proc leads to.

// restartForDeploy offers the executable that the parent was started from, if that has been replaced by
// another program.
func (w *watcher) restartForDeploy() {
	if w.replaced.IsZero() || time.Since(w.replaced) < stillness {
		return
	}
	w.replaced, w.pending[watch.Executable] = time.Time{}, ""
	name := w.Short(w.program)
	id, err := w.recipe.ContentID(w.program)
	if errors.Is(err, os.ErrNotExist) {
		w.Debug("%s is gone", name)
		return
	}
	if err == nil && w.programs.WasDeployed(id) {
		w.Debug("%s is the same program: content ID %s", name, id)
		return
	}
	if err == nil {
		err = system.CheckExecutable(w.program, w.machine)
	}
	if err != nil {
		w.Say("%s was replaced, but cannot run: %v; the old program keeps running", name, err)
		return
	}
	w.Say("%s was replaced; restarting", name)
	w.offer(w.programs.Deployed(w.next(w.program, id, w.program)))
}

// started notes that a program could be started: it is the one to fall back on.
func (p *launch) started(run successor) {
	if p.good.Exe != run.Exe {
		p.drop(p.good.Exe)
	}
	if deployed := run.Exe == p.watcher.program && run.ID != p.good.ID; deployed {
		old := p.spare
		p.spare = p.keepSpare(run.Exe, filepath.Base(run.Exe))
		if !system.Exists(p.spare) && private.Copy(run.Exe, p.spare) == nil {
			p.dir.Keep(p.spare)
		}
		if id, err := p.contentID(p.spare); err != nil || id != run.ID {
			p.dir.Drop(p.spare) // replaced once more already
			p.spare = old
		} else if old != "" {
			p.dir.Drop(old)
		}
	}
	p.good = run
}

// spareFile returns the copy of the executable that the parent was started from, and makes it if there
// is none yet.
func (p *launch) spareFile() string {
	if system.Exists(p.spare) {
		return p.spare
	}
	folder, err := p.dir.Folder()
	spare := filepath.Join(folder, filepath.Base(p.watcher.program))
	if err != nil || private.Copy(system.Self, spare) != nil {
		p.dir.Drop(spare)
		return system.Self // there is no room for a copy
	}
	p.dir.Keep(spare)
	p.spare = spare
	return spare
}

// keepSpare keeps the running executable under a second name: a deploy may give the first to one
// that cannot run.
func (p *launch) keepSpare(exe, name string) string {
	folder, err := p.dir.Folder()
	if err != nil {
		return ""
	}
	spare := filepath.Join(folder, name)
	switch {
	case !system.CanRemoveRunning: // a link to what runs would outlive this process
		if private.Copy(exe, spare) == nil {
			p.dir.Keep(spare)
		}
	case os.Link(exe, spare) == nil:
		p.dir.KeepLink(spare)
	default: // another file system; on Linux the running file can be copied when it is needed
	}
	return spare
}
