package budget

import "time"

// A Rewritten is a file of which the program is made, and which changes soon after each start: probably the
// program writes it, and would be built and restarted for ever. It belongs to one goroutine.
type Rewritten struct {
	Path  string
	by    any // the process that was seen to write it last
	times int
	said  bool
}

// Note notes that a file has changed while a process runs, early in its life or not.
func (r *Rewritten) Note(path string, by any, early bool) {
	switch {
	case !early || path != r.Path:
		*r = Rewritten{Path: path, by: by}
	case by != r.by:
		r.by, r.said = by, false
		r.times++
	}
}

// Pause returns how long a build still has to wait, after a change at that time, and whether it is asked for
// this change the first time. Ten builds are free, as for a person who saves again at once.
func (r *Rewritten) Pause(changed time.Time) (pause time.Duration, first bool) {
	if r.times <= freeRelaunches {
		return 0, false
	}
	pause = min(longestPause, time.Second<<min(r.times-freeRelaunches-1, 5)) - time.Since(changed)
	if pause <= 0 {
		return 0, false
	}
	first, r.said = !r.said, true
	return pause, first
}
