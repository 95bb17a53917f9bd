package restarter

import (
	"os"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// Of a child that asked for none of the sockets, it depends whether it could have.
func TestCouldListen(t *testing.T) {
	for _, test := range []struct {
		lived       time.Duration
		told, asked bool
		code        int
		want        bool
	}{
		{0, false, true, ExitCode, true},
		{0, true, true, ExitCode, true},
		{0, false, false, ExitCode, false}, // too quick
		{2 * time.Second, false, false, ExitCode, true},
		{2 * time.Second, false, false, 0, true},
		{2 * time.Second, true, false, ExitCode, false}, // perhaps it was starting
		{time.Minute, true, false, ExitCode, true},
		{time.Minute, false, true, 3, false}, // it failed
		{time.Minute, true, true, 143, true}, // by the signal that told it
	} {
		c := &process{started: time.Now().Add(-test.lived), told: test.told}
		if got := c.couldListen(test.asked, test.code); got != test.want {
			t.Errorf("%+v: %t", test, got)
		}
	}
}

// An interrupt is forgotten when the program has plainly survived it.
func TestGoesOn(t *testing.T) {
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	never := time.Time{}
	for _, test := range []struct {
		name                     string
		sig                      os.Signal
		stopped, saved, signaled time.Time
		forgotten                bool
	}{
		{"at once", os.Interrupt, ago(time.Second), never, never, false},
		{"some seconds later", os.Interrupt, ago(6 * time.Second), never, never, true},
		{"saved after it", os.Interrupt, ago(6 * time.Second), ago(3 * time.Second), never, true},
		{"saved before it: it may still drain", os.Interrupt, ago(6 * time.Second), ago(7 * time.Second), never, false},
		{"saved before it, long ago", os.Interrupt, ago(31 * time.Second), ago(32 * time.Second), never, true},
		{"it says that it leaves", os.Interrupt, ago(time.Minute), ago(3 * time.Second), ago(time.Minute - time.Second), false},
		{"it said so, but went on", os.Interrupt, ago(6 * time.Second), never, ago(time.Minute), true},
		{"the program cannot survive that", system.Terminate, ago(time.Minute), never, never, false},
	} {
		p := &launch{stopped: test.sig, stopping: test.stopped}
		if !test.saved.IsZero() {
			p.next = &successor{seen: test.saved}
		}
		p.goesOn(&process{signalled: test.signaled})
		if forgotten := p.stopped == nil; forgotten != test.forgotten {
			t.Errorf("%s: forgotten %t", test.name, forgotten)
		}
	}
}
