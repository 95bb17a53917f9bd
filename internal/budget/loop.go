package budget

import "time"

// A Loop tells a person's edits from changes that cause themselves: a program that writes, at each start, a file that
// it is made of; a build or a generator that writes, in each run, what it reads. Nobody can be certain which of the two a
// change is. So none is dropped: after some rounds it is delayed, each time for longer. It belongs to one goroutine.
type Loop struct {
	Free int // how many rounds in a row are not delayed

	rounds int
	by     any
}

// longestDelay keeps the cost of a build that takes some seconds below 1 % of a core.
const longestDelay = 10 * time.Minute

// Round notes a change that was made while by ran, and returns for how long it is to be ignored. All changes that were
// made while the same process or command ran are one round; first is true for the first of them.
func (l *Loop) Round(by any) (delay time.Duration, first bool) {
	if first = by != l.by; first {
		l.by = by
		l.rounds++
	}
	if l.rounds <= l.Free {
		return 0, first
	}
	return min(time.Second<<min(l.rounds-l.Free-1, 20), longestDelay), first
}

// Break notes a change that nothing but a person can have made.
func (l *Loop) Break() { l.rounds = 0 }
