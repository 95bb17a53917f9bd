package restarter

import (
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// With Launcher.Overlap a successor is started beside the child, and has to prove itself before
// the child is told to restart. There are at most two processes of the program.

// nobody stands for the successor that runs beside the child, while there is none.
var nobody = new(process)

// succeed has the successor p.next follow c.
func (p *launch) succeed(c *process) {
	if p.Overlap <= 0 {
		p.tell(c, p.next.reason)
		return
	}
	p.goesOn()
	switch n := p.beside; {
	case p.stopped != nil: // both leave
	case c.told: // its successor is there already, and this one follows that
	case n == nil:
		p.rise = time.After(p.budget.spend(p.rose, p.roseCPU))
	case !n.told:
		p.end(n) // a newer one is there
	}
}

// startBeside starts the successor beside the child.
func (p *launch) startBeside() {
	p.rise = nil
	if p.next == nil || p.beside != nil || p.stopped != nil {
		return
	}
	run := *p.next
	p.next, p.rose = nil, time.Now()
	n, err := p.start(run, p.watcher.startedBeside)
	if err != nil {
		p.say("cannot start the new program: %v; the old one keeps running", err)
		p.reject(run, "The new program cannot be started: "+err.Error())
		return
	}
	n.proven = time.After(p.Overlap)
	p.beside = n
}

// answerBeside answers a request of n, which runs beside c. If it needs the address of c, it can prove
// nothing before c has left.
func (p *launch) answerBeside(c, n *process, r request) {
	switch {
	case r.kind == accepts:
		p.proved(c, n)
	case r.kind == makeWay && p.sockets.inTheWay(c, r.fields):
		p.debug("the new program needs the address of the old one")
		n.waiting = &r
		p.proved(c, n)
	default:
		p.answer(n, r)
	}
}

// proved has c leave, now that n has shown that it can follow.
func (p *launch) proved(c, n *process) {
	if n.proven = nil; n.ready || n.told || p.stopped != nil {
		return
	}
	n.ready = true
	p.debug("the new program is ready after %v", time.Since(n.started).Round(time.Millisecond))
	p.tell(c, n.run.reason)
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

// failed is called when n has ended before it was ready. The old program goes on as after a failed build.
func (p *launch) failed(n *process) {
	n.line.Close()
	p.beside = nil
	p.roseCPU = n.CPU()
	p.sockets.forget(n)
	switch {
	case p.stopped != nil:
	case n.told:
		p.dropRefused(n.run.exe)
		if p.next != nil {
			p.rise = time.After(p.budget.spend(p.rose, p.roseCPU))
		}
	default:
		lived := time.Since(n.started).Round(time.Millisecond)
		p.say("the new program left with exit code %d after %v, before it was ready; the old one keeps running", n.code, lived)
		p.reject(n.run, fmt.Sprintf("The new program left with exit code %d after %v. What it said is in the terminal.", n.code, lived))
	}
}

// reject says that a successor does not replace the program that runs, and why.
func (p *launch) reject(run successor, why string) {
	p.watcher.rejected(run, why, !system.Exists(run.exe))
	p.dropRefused(run.exe)
}

// dropRefused removes the executable of a successor, unless it is that of the child or the next as well.
func (p *launch) dropRefused(exe string) {
	if exe != p.good.exe && (p.next == nil || exe != p.next.exe) {
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
		}
	}
}

// hasEnded returns the channel that is closed when a successor has ended, if it is not ready yet. One
// that is ready is waited for when the child has left.
func (c *process) hasEnded() <-chan struct{} {
	if c.ready {
		return nil
	}
	return c.done
}

// reporting returns a listener that tells the parent when the program first accepts.
func reporting(ln net.Listener) net.Listener {
	report := sync.OnceFunc(func() { upward.Send(accepts, "", nil) })
	switch ln := ln.(type) {
	case *net.TCPListener:
		return reportingTCP{ln, report}
	case *net.UnixListener:
		return reportingUnix{ln, report}
	}
	return ln
}

type reportingTCP struct {
	*net.TCPListener
	report func()
}

func (l reportingTCP) Accept() (net.Conn, error) { return l.AcceptTCP() }

func (l reportingTCP) AcceptTCP() (*net.TCPConn, error) {
	l.report()
	return l.TCPListener.AcceptTCP()
}

type reportingUnix struct {
	*net.UnixListener
	report func()
}

func (l reportingUnix) Accept() (net.Conn, error) { return l.AcceptUnix() }

func (l reportingUnix) AcceptUnix() (*net.UnixConn, error) {
	l.report()
	return l.UnixListener.AcceptUnix()
}
