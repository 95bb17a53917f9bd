package restarter

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// pendingStop returns a signal that came while there was no child.
func (p *launch) pendingStop() os.Signal {
	for {
		select {
		case sig := <-p.signals:
			if slices.Contains(stops, sig) {
				return sig
			}
		default:
			return nil
		}
	}
}

// backOff delays the relaunch of a child that has left at once, so that one which always does takes
// no more than 1 % of a core.
func (p *launch) backOff(lived time.Duration, state *os.ProcessState) os.Signal {
	const shortest, longest = 25 * time.Millisecond, 30 * time.Second
	if lived >= settled {
		p.short = 0
		return nil
	}
	pause := shortest << min(p.short, 12)
	if p.short > 0 { // the first may be a restart that the user asked for right after the start
		pause = max(pause, 100*(state.UserTime()+state.SystemTime()))
	}
	p.short++
	text := ""
	if pause = min(pause, longest); pause >= time.Second {
		text = fmt.Sprintf("the program left with %d at once; launching it again in %v", exitCode(state), pause.Round(100*time.Millisecond))
	}
	return p.wait(pause, text)
}

// wait stands in for the child, for as long as it says or (below 0) without a limit: it
// polls and builds, and returns at the first change that builds. Text is said once it watches.
// A signal that stops the parent is returned.
func (p *launch) wait(limit time.Duration, text string) os.Signal {
	stop, built := make(chan struct{}), make(chan struct{})
	last := nextProgram(p.dir, &p.settings)
	var over <-chan time.Time
	if limit >= 0 {
		over = time.After(limit)
	}
	if limit < 0 || limit >= settle { // for less it is not worth while
		w := newWatcher(p.dir, p.settings)
		w.retry = true
		w.start() // before the user is told: his next save may be the answer
		w.saw(w.poll.sweep())
		p.wrote, w.anew = w.pending.any(), limit < 0
		if limit >= 0 {
			// The child wrote to it itself, or is launched again soon enough to read it.
			w.pending.Tracked, w.reread = "", time.Time{}
		}
		go func() {
			w.watch(stop)
			close(built)
		}()
		defer func() {
			close(stop)
			<-built
		}()
	}
	if text != "" {
		p.say("%s", text)
	}
	for {
		select {
		case <-over:
			return nil
		case <-built:
			if !nextProgram(p.dir, &p.settings).sameProgram(last) {
				p.short = 0
			}
			return nil
		case sig := <-p.signals:
			if slices.Contains(stops, sig) {
				return sig
			}
		}
	}
}
