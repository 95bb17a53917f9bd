package budget

import "time"

// A Rewritten is a file, or a few, of which the program is made, and which change soon after each start: probably the
// program writes them, and would be built and restarted for ever. It belongs to one goroutine.
type Rewritten struct {
	Path  string // of one of them
	paths map[string]bool
	by    any // the process that was seen to write it last
	times int
	said  bool
}

// Note notes that a file has changed while a process runs, early in its life or not.
func (r *Rewritten) Note(path string, by any, early bool) {
	if isNew := !r.paths[path]; !early || r.paths == nil || isNew && r.times > 1 {
		*r = Rewritten{by: by} // somebody's edit
	}
	if r.paths == nil {
		r.paths = make(map[string]bool)
	}
	r.Path, r.paths[path] = path, true
	if by != r.by {
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
