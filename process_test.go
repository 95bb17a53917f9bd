package restarter

import (
	"os"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/succession"
	"github.com/lib537/restarter/internal/system"
)

// Of a child that did not ask for a socket, it depends whether it could have.
func TestCouldAsk(t *testing.T) {
	for _, test := range []struct {
		lived       time.Duration
		told, asked bool // for another socket
		code        int
		want        bool
	}{
		{time.Second, false, true, ExitCode, true},
		{time.Second, true, true, ExitCode, true},
		{5 * time.Second, false, false, ExitCode, false}, // something was not there yet; it is invited to try again
		{5 * time.Second, true, false, ExitCode, false},  // saved once more while it was starting
		{time.Minute, false, false, ExitCode, true},
		{time.Minute, false, false, 0, true},
		{time.Minute, true, false, ExitCode, true},
		{time.Minute, false, true, 3, false}, // it failed
		{time.Minute, true, true, 143, true}, // by the signal that told it
	} {
		c := &process{started: time.Now().Add(-test.lived), told: test.told}
		if got := c.couldAsk(test.asked, test.code); got > 0 != test.want || test.want && got < test.lived {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// A program is followed by what was saved, if it has plainly survived the interrupt.
func TestGoesOn(t *testing.T) {
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	never := time.Time{}
	for _, test := range []struct {
		name                     string
		sig                      os.Signal
		stopped, saved, signaled time.Time
		want, later              bool
	}{
		{"no interrupt", nil, never, ago(0), never, true, false},
		{"at once", os.Interrupt, ago(time.Second), ago(0), never, false, true},
		{"some seconds later", os.Interrupt, ago(6 * time.Second), ago(3 * time.Second), never, true, false},
		{"saved before it: it may still drain", os.Interrupt, ago(6 * time.Second), ago(7 * time.Second), never, false, true},
		{"saved before it, long ago", os.Interrupt, ago(31 * time.Second), ago(32 * time.Second), never, true, false},
		{"it says that it leaves", os.Interrupt, ago(6 * time.Second), ago(3 * time.Second), ago(5 * time.Second), false, true},
		{"it said so long ago, and goes on", os.Interrupt, ago(time.Minute), ago(0), ago(time.Minute), true, false},
		{"it said so of another one", os.Interrupt, ago(6 * time.Second), ago(0), ago(time.Minute), true, false},
		{"the program cannot survive that", system.Terminate, ago(time.Minute), ago(0), never, false, false},
	} {
		p := &launch{stopped: test.sig, stopping: test.stopped}
		if got := p.goesOn(&process{signalled: test.signaled}, test.saved); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
		if later := p.resume != nil; later != test.later || test.want && p.stopped != nil {
			t.Errorf("%s: asked again later: %t; stopped %v", test.name, later, p.stopped)
		}
	}
}

// New programs that fail again and again beside the old one are started after longer and longer pauses, and what
// somebody saves meanwhile at once.
func TestRiseSoon(t *testing.T) {
	p := newLaunch(&Launcher{Quiet: true})
	p.watcher = &watcher{calls: make(chan func(), 1)}
	for i := 0; i < 20; i++ {
		p.budget.Spend(time.Now(), 0)
	}
	p.rose, p.fell, p.next = time.Now(), time.Now(), &successor{Program: succession.Program{Seen: time.Now()}}
	p.riseSoon()
	pause := p.rise
	if p.riseSoon(); p.rise != pause {
		t.Error("what it may have written itself changes the pause")
	}
	(<-p.watcher.calls)()
	p.rose, p.fell = p.rose.Add(-2*time.Second), p.fell.Add(-2*time.Second)
	p.riseSoon()
	began := time.Now()
	if <-p.rise; time.Since(began) > 5*time.Second {
		t.Error("what somebody has saved waits")
	}
}
