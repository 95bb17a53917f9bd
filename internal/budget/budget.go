// Package budget says how soon a program may be launched or built again, so that a person never waits, and a
// program that leaves again and again takes no more than 1 % of a core.
//
// Ten relaunches are free, and one more for each second that a child lives. Then there are pauses, each
// twice as long as the last, and at least a hundred times the processor time that the child has taken.
//
// It knows nothing of processes, and waits for nothing itself.
package budget

import "time"

// A Budget belongs to one goroutine.
type Budget struct {
	free   float64
	pauses int // in a row
}

const (
	freeRelaunches          = 10
	freeAfterChange         = 3 // for a person who saves again at once
	shortestPause           = 25 * time.Millisecond
	longestPause            = 30 * time.Second
	pausePerCPU             = 100
	relaunchesPerSecondLife = 1
)

// New returns a full budget.
func New() Budget { return Budget{free: freeRelaunches} }

// Refill is for a change that somebody has made while there was no child.
func (b *Budget) Refill() { b.free, b.pauses = max(b.free, freeAfterChange), 0 }

// Spend takes one relaunch from the budget, and returns how long to wait before it. The arguments tell
// of the child that has ended: when it was started, and the processor time that it has taken.
func (b *Budget) Spend(started time.Time, cpu time.Duration) time.Duration {
	b.free = min(freeRelaunches, b.free+relaunchesPerSecondLife*time.Since(started).Seconds())
	if b.free >= 1 {
		b.free--
		b.pauses = 0
		return 0
	}
	pause := max(shortestPause<<min(b.pauses, 12), pausePerCPU*cpu)
	b.pauses++
	return min(pause, longestPause)
}
