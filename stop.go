package restarter

import (
	"os"
	"slices"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// How a child is told to leave, and what becomes of one that does not.

// signal passes a signal on to a child. A stop is held back for a moment.
func (p *launch) signal(c *process, sig os.Signal) {
	if c.held != nil {
		c.Process.Process.Signal(c.held) // a second signal: do not hold back the first any longer
		c.held, c.pass = nil, nil
	}
	if !slices.Contains(system.Stops, sig) {
		c.Process.Process.Signal(sig)
		return
	}
	if system.MayReload(sig) {
		p.hungUp = time.Now()
	} else {
		p.stopped, p.stopping = sig, time.Now()
		if sig == system.Terminate {
			p.sockets.Release() // there is no next child for clients to wait for
		}
		if p.Grace > 0 {
			c.overdue, c.grace = time.After(p.Grace), p.Grace
		}
		c.reminder = time.After(silence)
	}
	if p.terminal.IsOurs() && system.IsInterrupt(sig) && system.SameGroup(c.pid()) {
		return // the terminal has sent it to the child as well
	}
	c.held, c.pinged, c.pass = sig, time.Now(), time.After(holdBack)
	if c.line.Send(ping, "", nil) == nil {
		c.pass = time.After(busy)
	}
}

// passOn passes on the signal that was held back, unless the child has said that it was sent it.
func (c *process) passOn() {
	if c.signalled.Before(c.pinged.Add(-2 * holdBack)) {
		c.Process.Process.Signal(c.held)
	}
	c.held, c.pass = nil, nil
}

// kill ends a child that has not exited in time.
func (p *launch) kill(c *process) {
	c.Process.Process.Kill()
	c.killed = true
	p.Say("the program did not exit within %v; ending it", c.grace)
}

func (c *process) pid() int { return c.Process.Process.Pid }

// tell tells a child to restart, once, and why. Who saves again while the child leaves is told what is waited for.
func (p *launch) tell(c *process, reason string) {
	if c.told {
		c.reminder = time.After(silence)
		return
	}
	c.told = true
	if c.line.Send(leave, reason, nil) != nil || !c.hears() {
		p.terminate(c)
	}
	p.giveTime(c)
}

// giveTime sets how long a child may take to exit, once.
func (p *launch) giveTime(c *process) {
	if c.overdue != nil {
		return
	}
	c.reminder = time.After(silence)
	if c.grace = p.Grace; c.grace == 0 && (!c.hears() || c.terminated) {
		c.grace = asklessGrace
	}
	if c.grace > 0 {
		c.overdue = time.After(c.grace)
	}
}

// goesOn reports whether c may be restarted for what was saved at that time. After an interrupt, a program that
// ignores it cannot be told from one that is slow to exit. So the interrupt has to be some seconds ago, and more if
// the child has said that it exits, or if the file was saved before the interrupt. Then the interrupt is forgotten;
// otherwise goOn is called later.
func (p *launch) goesOn(c *process, saved time.Time) bool {
	limit := silence + holdBack
	if leaves := c.signalled.After(p.stopping.Add(-2 * holdBack)); leaves || !saved.After(p.stopping) {
		limit = longDrain
	}
	switch left := limit - time.Since(p.stopping); {
	case p.stopped == nil:
		return true
	case p.stopped == system.Terminate:
		return false
	case left > 0:
		p.resume = time.After(left)
		return false
	}
	p.stopped = nil
	return true
}

// isDeaf returns c.deaf if it matters: if the child was told to restart, and was not sent SIGTERM.
func (c *process) isDeaf() <-chan struct{} {
	if !c.told || c.terminated {
		return nil
	}
	return c.deaf
}

// hears reports whether the program can learn that it should restart.
func (c *process) hears() bool {
	select {
	case <-c.deaf:
		return false
	default:
		return c.asks()
	}
}

// terminate sends a process SIGTERM, where the system has that.
func (p *launch) terminate(c *process) {
	c.terminated = true
	if system.CanTerminate {
		p.Debug("sending process %d SIGTERM, so that it restarts", c.pid())
		c.Process.Process.Signal(system.Terminate)
	}
}

// remind says what is being waited for.
func (p *launch) remind(c *process) {
	switch {
	case c == p.beside && !c.ready && !c.told && p.stopped == nil:
		p.Say("waiting for the new program to get ready; it counts as ready %v after its start", p.Overlap)
	case p.stopped != nil:
		p.Say("waiting for the program to exit, after signal %v", p.stopped)
	case c.grace > 0:
		p.Say("waiting for the program to exit; it will be killed after %v", c.grace)
	default:
		p.Say("waiting for the program to exit: it has to do that when ShouldRestart is true or its NotifyContext ends; Launcher.Grace sets a limit")
	}
}
