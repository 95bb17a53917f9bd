package restarter

import (
	"sync"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/succession"
)

// What runs next, and what runs if that cannot be started.

// A successor is a program to launch.
type successor struct {
	succession.Program
	listens func() bool // whether it ever calls Listen
}

// launchNext starts the successor. If that cannot be started, it starts what ran last, or else what the
// parent was started from.
func (p *launch) launchNext() (*process, error) {
	p.takeNext()
	run := p.good
	if p.next != nil {
		run, p.next = *p.next, nil
	}
	if p.sockets.Any() && p.good.listens() && !run.listens() {
		p.sockets.Close() // it opens what it needs itself
	}
	c, err := p.start(run, p.watcher.launched)
	if err == nil {
		p.started(run)
		return c, nil
	}
	for _, last := range []string{p.good.Exe, p.spareFile(), p.watcher.program} {
		if last == "" || last == run.Exe {
			continue
		}
		again := successor{succession.Program{Exe: last}, listensIn(last)}
		again.ID, _ = p.contentID(last)
		c, err2 := p.start(again, p.watcher.launched)
		if err2 == nil {
			p.Say("cannot start the new program: %v; the last one runs again", err)
			p.watcher.failedToStart(run.Exe, again.Program)
			p.good = again
			return c, nil
		}
	}
	return nil, err
}

// takeNext takes the successor that the watcher has made, if there is one. The last one that it
// has made counts.
func (p *launch) takeNext() bool {
	select {
	case s := <-p.watcher.successors:
		p.replaceNext(s)
		return true
	default:
		return false
	}
}

// replaceNext makes s the next to be launched, in place of what was to be launched before.
func (p *launch) replaceNext(next succession.Program) {
	if p.next != nil && p.next.Exe != p.good.Exe && p.next.Exe != next.Exe {
		p.drop(p.next.Exe)
	}
	s := successor{next, listensIn(next.Exe)}
	go s.listens() // while the child leaves
	go p.good.listens()
	p.next = &s
}

// listensIn returns a function that reports whether an executable ever calls Listen.
func listensIn(exe string) func() bool {
	return sync.OnceValue(func() bool { return gotool.Mentions(exe, packagePath(), "Listen") })
}

// drop removes an executable that was built.
func (p *launch) drop(exe string) {
	if exe != p.spare {
		p.dir.Drop(exe)
	}
}
