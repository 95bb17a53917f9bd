package job

import "time"

// A Pace says when builds may begin, and which of them are let finish, while files keep changing. It belongs to one
// goroutine.
type Pace struct {
	overtaken time.Time // when the last build was cancelled, or was of no use, if none has begun since
	starving  time.Time // when the first was, if none has finished since
}

const (
	patience = 2 * time.Second  // how long changes may follow each other before a build
	hunger   = 10 * time.Second // how long they may keep builds from finishing
)

// Overtake cancels a build, because it may lack a change at that time. A command of the user's is let finish, since
// it may be what has just written the file. A listing that is only tried again makes room for the build.
func (p *Pace) Overtake(j *Job, at time.Time) {
	if j != nil && j.Again && !j.Cancelled() {
		j.Cancel()
		return
	}
	if j == nil || len(j.Recipe.Build) > 0 || j.Kind != Building || j.Cancelled() || p.Starved() {
		return
	}
	j.Cancel()
	p.Settle(at)
	p.Useless(at)
}

// Settle has the next build wait until nothing changes any more, after a change at that time.
func (p *Pace) Settle(at time.Time) { p.overtaken = at }

// Useless notes that what a build has made is of no use, because of a change at that time.
func (p *Pace) Useless(at time.Time) {
	if p.starving.IsZero() {
		p.starving = at
	}
}

// Useful notes that a build was of use, or has failed.
func (p *Pace) Useful() { p.starving = time.Time{} }

// Starved reports whether changes have kept builds from finishing for so long that the next one counts, even if it
// lacks the last change.
func (p *Pace) Starved() bool { return !p.starving.IsZero() && time.Since(p.starving) > hunger }

// Ready reports whether a build that was overtaken may begin again. quiet means that the last look has found no change.
func (p *Pace) Ready(quiet bool) bool {
	return p.overtaken.IsZero() || quiet || time.Since(p.overtaken) > patience
}

// Begun notes that a job has begun.
func (p *Pace) Begun() { p.overtaken = time.Time{} }
