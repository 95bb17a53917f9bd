// Package status holds what a child knows of what goes on, for the browser tab that shows it:
// package restarter publishes events, package restarthttp reads them.
//
// It promises that a publisher never waits for readers, and that a reader learns of the latest
// event, though not of each. Nothing is sent to a child before it reads for the first time.
//
// It knows nothing of builds, of processes or of browsers. Every program that imports the module
// links it, so it imports nothing but sync.
package status

import "sync"

// A Kind says what goes on.
type Kind int

const (
	Idle       Kind = iota // nothing: the program that runs is the newest
	Building               // the program is built, or its sources are generated
	Failed                 // the build failed; Text has the words of the compiler
	Same                   // what was built is the program that runs
	Restarting             // the program was told to restart
	Crashed                // a successor ended before it was ready; Text says how
)

// An Event is what goes on from some time on.
type Event struct {
	Kind Kind
	Text string
}

var latest struct {
	sync.Mutex
	event Event
	next  chan struct{} // closed by the next Publish; nil if nobody waits
}

// Publish makes e the latest event. It never waits for those who read.
func Publish(e Event) {
	latest.Lock()
	defer latest.Unlock()
	latest.event = e
	if latest.next != nil {
		close(latest.next)
		latest.next = nil
	}
}

// Wanted, if not nil, is called by the first Current: from then on events are read. It is set before main
// begins.
var Wanted func()

var first sync.Once

// Current returns the latest event, and a channel that is closed by the next Publish. Events that
// follow each other quickly are not queued: a late reader sees only the latest.
func Current() (Event, <-chan struct{}) {
	first.Do(func() {
		if Wanted != nil {
			Wanted()
		}
	})
	latest.Lock()
	defer latest.Unlock()
	if latest.next == nil {
		latest.next = make(chan struct{})
	}
	return latest.event, latest.next
}
