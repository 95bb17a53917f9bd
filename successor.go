package restarter

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/succession"
	"github.com/lib537/restarter/internal/system"
)

// What runs next, and what runs if that cannot be started.

// A successor is a program to launch.
type successor struct {
	succession.Program
	listens func() bool // whether it ever calls Listen
}

// launchNext starts the successor, or if that cannot be started what ran last, or else what the parent
// was started from.
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

// started notes that a program could be started: it is the one to fall back on.
func (p *launch) started(run successor) {
	if p.good.Exe != run.Exe {
		p.drop(p.good.Exe)
	}
	if deployed := run.Exe == p.watcher.program && run.ID != p.good.ID; deployed && p.dir != nil {
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

// spareFile returns the copy of the executable that the parent was started from, made now if it
// is to be had no other way.
func (p *launch) spareFile() string {
	if p.spare == "" || system.Exists(p.spare) {
		return p.spare
	}
	folder, err := p.dir.Folder()
	if err != nil {
		return ""
	}
	p.spare = filepath.Join(folder, filepath.Base(p.spare))
	if err := private.Copy("/proc/self/exe", p.spare); err != nil {
		return ""
	}
	p.dir.Keep(p.spare)
	return p.spare
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

// replaceNext makes s the next to be launched. What was to be launched before is not any more.
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
	if p.dir != nil && exe != p.spare {
		p.dir.Drop(exe)
	}
}

// keepSpare keeps the running executable beside its name, which a deploy may give to one that
// cannot run.
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

// With Launcher.Overlap a successor is started beside the child, and has to prove itself before
// the child is told to restart. There are at most two processes of the program.

// nobody stands for the successor that runs beside the child, while there is none.
var nobody = new(process)

// succeed has the successor p.next follow c.
func (p *launch) succeed(c *process) {
	goesOn := p.goesOn(c, p.next.Seen)
	switch n := p.beside; {
	case !goesOn && (p.Overlap > 0 || p.stopped != system.Terminate): // it is about to leave; else see goOn
	case p.Overlap <= 0:
		p.tell(c, p.next.Reason)
	case n == nil && !c.told && c.run.listens() != p.next.listens():
		// What one has from net.Listen, the other cannot open beside it.
		p.Say("only one of the two programs calls Listen; the new one is started when the old one has left")
		p.tell(c, p.next.Reason)
	case n == nil && !c.told, n != nil && n.gone:
		p.riseSoon()
	case c.told: // its successor is there already, and this one follows that
		c.reminder = time.After(silence)
	case !n.told:
		p.end(n) // a newer one is there
	}
}

// riseSoon has the successor started beside the child as soon as the budget has room for it. What is saved well
// after the last one has ended was not written by that: somebody waits for it.
func (p *launch) riseSoon() {
	const shortly = time.Second
	if somebody := p.next.Seen.Sub(p.fell) > shortly; p.rise != nil && !somebody {
		return // it is going to be
	}
	pause := p.budget.Spend(p.rose, p.fellCPU)
	if pause >= time.Second {
		p.Say("new programs leave again and again; starting the next one in %v", pause.Round(100*time.Millisecond))
		p.watcher.pauses()
	}
	p.rise = time.After(pause)
}

// startBeside starts the successor beside the child.
func (p *launch) startBeside(c *process) {
	p.rise = nil
	if p.next == nil || p.beside != nil && !p.beside.gone || !p.goesOn(c, p.next.Seen) {
		return
	}
	if old := p.beside; old != nil {
		old.line.Close()
		p.sockets.Forget(old, false)
		p.dropRefused(old.run.Exe)
		p.beside = nil
	}
	run := *p.next
	p.next, p.rose = nil, time.Now()
	n, err := p.start(run, p.watcher.startedBeside)
	if err != nil {
		p.Say("cannot start the new program: %v; the old one keeps running", err)
		p.reject(run, "The new program cannot be started: "+err.Error())
		return
	}
	n.proven, n.reminder = time.After(p.Overlap), time.After(silence)
	p.beside = n
}

// answerBeside answers a request of n, which runs beside c. If it needs the address of c, it can prove
// nothing before c has left.
func (p *launch) answerBeside(c, n *process, r request) {
	switch {
	case r.kind == accepts:
		p.proved(c, n)
	case r.kind == makeWay && len(r.fields) >= 2 && p.sockets.InTheWay(c, r.fields[0], r.fields[1], r.fields[2:]):
		p.Debug("the new program needs the address of the old one")
		n.waiting = &r
		p.proved(c, n)
	default:
		p.answer(n, r)
	}
}

// proved has c leave, now that n has shown that it can follow.
func (p *launch) proved(c, n *process) {
	if n.proven = nil; n.ready || n.told {
		return
	}
	n.reminder = nil
	if n.late = !p.goesOn(c, n.run.Seen); n.late {
		return
	}
	n.ready = true
	p.Debug("the new program is ready after %v", time.Since(n.started).Round(time.Millisecond))
	p.tell(c, n.run.Reason)
}

// end ends a successor that a newer one has overtaken, before it could prove itself.
func (p *launch) end(n *process) {
	n.told, n.proven = true, nil
	p.terminate(n)
	if !system.CanTerminate {
		n.Process.Process.Kill()
	}
	p.giveTime(n)
}

// goOn goes on with what had to wait because the parent was being stopped, if the program has survived that.
func (p *launch) goOn(c *process) {
	p.resume = nil
	switch n := p.beside; {
	case n != nil && n.late:
		p.proved(c, n)
	case p.next != nil && !c.told:
		p.succeed(c)
	}
}

// failed is called when n has ended. If it was not ready the old program goes on as after a failed build; else
// n was in charge, and its end counts when the old program has left, or a newer one is started before.
func (p *launch) failed(n *process) {
	lived := time.Since(n.started).Round(time.Millisecond)
	p.fell, p.fellCPU = time.Now(), n.CPU()
	if n.ready {
		n.gone = true
		if p.stopped == nil {
			p.Say("the new program left with exit code %d after %v; the old one is leaving", n.code, lived)
			if p.next != nil {
				p.riseSoon()
			}
		}
		return
	}
	n.line.Close()
	p.beside = nil
	p.sockets.Forget(n, false)
	switch {
	case p.stopped != nil:
		p.reject(n.run, "The new program was stopped.")
	case n.told:
		p.dropRefused(n.run.Exe)
		if p.next != nil {
			p.riseSoon()
		}
	default:
		p.Say("the new program left with exit code %d after %v, before it was ready; the old one keeps running", n.code, lived)
		p.reject(n.run, fmt.Sprintf("The new program left with exit code %d after %v. What it said is in the terminal.", n.code, lived))
	}
}

// reject says that a successor does not replace the program that runs, and why.
func (p *launch) reject(run successor, why string) {
	if run.Exe == p.watcher.program && p.good.Exe == run.Exe {
		if spare := p.spareFile(); spare != "" {
			p.good.Exe = spare // the other has its name
		}
	}
	p.takeNext() // which may be the same executable
	p.watcher.rejected(run.Program, p.good.Exe, why)
	p.dropRefused(run.Exe)
	if p.next != nil && p.stopped == nil {
		p.riseSoon()
	}
}

// dropRefused removes the executable of a successor, unless it is that of the child or the next as well.
func (p *launch) dropRefused(exe string) {
	if exe != p.good.Exe && (p.next == nil || exe != p.next.Exe) {
		p.drop(exe)
	}
}

// takesOver makes n, which ran beside the child that has ended, the child.
func (p *launch) takesOver(n *process) {
	n.proven = nil
	p.started(n.run)
	p.watcher.takesOver(n)
}

// outlast waits for the end of n, which is stopped like the child that it ran beside.
func (p *launch) outlast(n *process) {
	defer n.line.Close()
	n.terminated, n.overdue = true, nil
	p.giveTime(n)
	for {
		select {
		case <-n.done:
			return
		case r := <-n.requests:
			p.answer(n, r)
		case sig := <-p.signals:
			p.signal(n, sig)
		case <-n.pass:
			n.passOn()
		case <-n.overdue:
			p.kill(n)
		case <-n.reminder:
			p.remind(n)
		}
	}
}

// hasEnded returns the channel that is closed when a successor has ended, if that is not known yet.
func (c *process) hasEnded() <-chan struct{} {
	if c.gone {
		return nil
	}
	return c.done
}
