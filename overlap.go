package restarter

import (
	"fmt"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// With Launcher.Overlap a successor is started beside the child, and has to prove itself before
// the child is told to restart. There are at most two processes of the program.

// nobody stands for the successor that runs beside the child, while there is none.
var nobody = new(process)

// succeed has the successor p.next follow c.
func (p *launch) succeed(c *process) {
	if p.takesBack(c) {
		return
	}
	goesOn := p.goesOn(c, p.next.Seen)
	switch n := p.beside; {
	case !goesOn && (p.Overlap > 0 || p.stopped != system.Terminate): // it is about to leave; else see goOn
	case p.Overlap <= 0:
		p.tell(c, p.next.Reason)
	case n == nil && !c.told && (c.run.listens() && p.next.opensAlone() || p.next.listens() && c.run.opensAlone()):
		// What one has from net.Listen, the other cannot open beside it.
		p.Say("only one of the two programs calls Listen; the new one starts when the old one has exited")
		p.tell(c, p.next.Reason)
	case n == nil && !c.told, n != nil && n.gone:
		p.riseSoon()
	case c.told: // its successor is there already, and this one follows that
		p.tell(c, p.next.Reason)
	case !n.told:
		p.end(n) // a newer one is there
	}
}

// takesBack has c keep running, if that is what the sources build again, and no successor has shown yet that it can
// follow.
func (p *launch) takesBack(c *process) bool {
	n := p.beside
	if p.next.Back == "" || p.next.Back != c.run.ID || c.told || n != nil && n.ready {
		return false
	}
	p.Say("the old program is the same; it keeps running")
	same := p.next.Program
	p.next = nil
	if n != nil && !n.told {
		p.end(n)
	}
	p.watcher.takenBack(same)
	p.dropRefused(same.Exe)
	return true
}

// riseSoon has the successor started beside the child as soon as the budget has room for it. A file that is saved
// well after the last one has ended was not written by it but by a person, who waits.
func (p *launch) riseSoon() {
	const shortly = time.Second
	if somebody := p.next.Seen.Sub(p.fell) > shortly; p.rise != nil && !somebody {
		return // it is going to be
	}
	pause := p.budget.Spend(p.rose, p.fellCPU)
	if pause >= time.Second {
		p.Say("new programs keep exiting; starting the next one in %v", pause.Round(100*time.Millisecond))
		p.watcher.pauses()
	}
	p.rise = time.After(pause)
}

// startBeside starts the successor beside the child.
func (p *launch) startBeside(c *process) {
	p.rise = nil
	if p.next == nil || p.beside != nil && !p.beside.gone || p.takesBack(c) || !p.goesOn(c, p.next.Seen) {
		return
	}
	if old := p.beside; old != nil {
		old.line.Close()
		p.sockets.Refuse(old)
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

// end ends a successor that a newer edit has overtaken, before it could prove itself.
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

// failed is called when n has ended. If it was not ready, the old program goes on as after a failed build. Else
// n was in charge, and its end counts when the old program has left, or when a newer one is started before that.
func (p *launch) failed(n *process) {
	lived := time.Since(n.started).Round(time.Millisecond)
	p.fell, p.fellCPU = time.Now(), n.CPU()
	if n.ready {
		n.gone = true
		if p.stopped == nil {
			p.Say("the new program exited with code %d after %v; the old one is still exiting", n.code, lived)
			if p.next != nil {
				p.riseSoon()
			}
		}
		return
	}
	n.line.Close()
	p.beside = nil
	p.sockets.Refuse(n)
	switch {
	case p.stopped != nil:
		p.reject(n.run, "The new program was stopped.")
	case n.told:
		p.dropRefused(n.run.Exe)
		if p.next != nil {
			p.riseSoon()
		}
	default:
		p.Say("the new program exited with code %d after %v, before it was ready; the old one keeps running", n.code, lived)
		p.reject(n.run, fmt.Sprintf("The new program exited with code %d after %v. Its output is in the terminal.", n.code, lived))
	}
}

// reject says that a successor does not replace the program that runs, and why.
func (p *launch) reject(run successor, why string) {
	if run.Exe == p.watcher.program && p.good.Exe == run.Exe {
		if spare := p.spareFile(); spare != "" {
			p.good.Exe = spare // the refused one has the name
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
	if n.proven = nil; !n.told {
		n.reminder = nil // nobody waits for it
	}
	p.started(n.run)
	p.watcher.takesOver(n)
}

// outlast waits for the end of n, which is not to follow the child that it ran beside.
func (p *launch) outlast(n *process) {
	defer n.line.Close()
	n.terminated, n.overdue = true, nil
	p.giveTime(n)
	for {
		select {
		case <-n.done:
			p.sockets.Refuse(n)
			p.dropRefused(n.run.Exe)
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
