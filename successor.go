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
	opens   func() bool // whether it ever listens in any way
}

// newSuccessor returns a program that may be launched. What it calls is found out when it matters, once.
func newSuccessor(run succession.Program) successor {
	return successor{run, mentions(run.Exe, packagePath(), "Listen"), mentions(run.Exe, "net", "Listen", "(*ListenConfig).Listen", "ListenTCP", "ListenUnix")}
}

// opensAlone reports whether a program listens, but never by Listen.
func (s *successor) opensAlone() bool { return !s.listens() && s.opens() }

// opensToo reports whether a program may listen by other ways than Listen, which takes care not to call these itself.
func (s *successor) opensToo() bool {
	return gotool.Mentions(s.Exe, "net", "Listen", "ListenTCP", "ListenUnix")
}

// launchNext starts the successor. If that cannot be started, it starts what ran last, or else what the
// parent was started from.
func (p *launch) launchNext() (*process, error) {
	p.takeNext()
	run := p.good
	if p.next != nil {
		run, p.next = *p.next, nil
	}
	run = p.asItIs(run)
	if p.sockets.Any() && p.good.listens() && run.opensAlone() {
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
		again := newSuccessor(succession.Program{Exe: last})
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

// asItIs returns a program with the content ID that its executable has now. A deploy may have replaced it just
// before, and the watcher may not have seen that yet.
func (p *launch) asItIs(run successor) successor {
	if run.Exe == p.watcher.program {
		if id, err := p.contentID(run.Exe); err == nil && id != run.ID {
			run.ID = id
			return newSuccessor(run.Program)
		}
	}
	return run
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
	s := newSuccessor(next)
	go s.listens() // while the child leaves
	go p.good.listens()
	p.next = &s
}

// mentions returns a function that reports whether an executable ever calls one of some functions. It is not inlined,
// since that would copy sync.OnceValue to each place.
//
//go:noinline
func mentions(exe, pkg string, functions ...string) func() bool {
	return sync.OnceValue(func() bool { return gotool.Mentions(exe, pkg, functions...) })
}

// drop removes an executable that was built.
func (p *launch) drop(exe string) {
	if exe != p.spare {
		p.dir.Drop(exe)
	}
}
