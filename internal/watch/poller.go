package watch

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Poller finds out which files of a set have changed. It belongs to one goroutine.
type Poller struct {
	// Contents has sources count as changed only when their content differs, as what is tracked
	// and what generators read always do. Set it before Watch.
	Contents bool
	// AnySave has a source count as changed, too, when it is saved as it was.
	AnySave bool

	set      *Set
	roots    []Root                            // what the set was made from
	stat     func(string) (os.FileInfo, error) // os.Stat
	interval time.Duration                     // between ticks; 0: idleTick and awakeTick

	recent   []string // the files that changed last, the newest at the end
	foremost []int32  // those: they are looked at in every tick
	rounds   [4]round // through their neighbours and all directories, and through all files

	awakeUntil time.Time
	cost       time.Duration // of one look: the lower envelope of what was measured
	left       int           // how many more looks may be taken; below 0: too many were
	looks      int           // how many were taken since begun
	begun      time.Time     // moved on by the time that reading took

	moved    int  // how many files were seen to differ in their identity alone
	unstable bool // their identities change all the time here, and are left out

	paths strings.Builder // see path
}

// A round goes through some records, and begins anew at the end.
type round struct {
	records []int32
	next    int
}

// The rounds, in the order in which a tick goes on with them. What the program is made of comes before what it only
// reads, so that an edit of the program does not wait for the contents of thousands of other files.
const (
	hotSources = iota
	allSources
	hotTracked
	allTracked
)

// New returns a poller that watches nothing yet. The interval is the time between two ticks;
// if it is 0, the poller chooses: 25 ms for five minutes after a change, else 100 ms.
func New(interval time.Duration) *Poller {
	return &Poller{set: new(Set), stat: os.Stat, interval: interval, cost: dearestLook}
}

// Len returns how many files are watched, there or not.
func (p *Poller) Len() int { return p.set.Len() }

// Tick looks at as many files as the budget allows: at those that changed last, then for
// a third of the rest at the other hot ones, then at all files in turn. Where everything fits, that
// is everything. What is only tracked has a third of the rest, and what the sources leave.
func (p *Poller) Tick() Change {
	// Looks beyond the budget are made up for by fewer later, up to a limit, so that no edit waits long.
	p.left = max(min(p.left, 0), -50*p.budget()-2*len(p.set.records)) + p.budget()
	if p.left >= len(p.set.records) {
		return p.whole(Change{}, false)
	}
	var c Change
	var stale bool
	p.begin()
	// The newest of them: where looks are dear, there is no room for all, and the others are hot, too.
	for _, i := range p.foremost[max(0, len(p.foremost)-p.budget()/4):] {
		stale = p.look(&p.set.records[i], &c) || stale
	}
	left := p.left
	stale = p.goRound(hotSources, left*2/3, &c) || stale
	stale = p.goRound(allSources, left/3, &c) || stale
	stale = p.goRound(hotTracked, left/6, &c) || stale
	stale = p.goRound(allTracked, 0, &c) || stale
	stale = p.goRound(allSources, 0, &c) || stale // what the tracked ones leave
	p.paid(time.Since(p.begun), p.looks)
	if stale || c.Any() {
		// Something is going on: see it whole, once, rather than slice by slice.
		return p.whole(c, stale)
	}
	return c
}

// goRound goes on with a round, at most once through it, while more looks are left than leave says.
func (p *Poller) goRound(n, leave int, c *Change) (stale bool) {
	r := &p.rounds[n]
	for range r.records {
		if p.left <= leave {
			break
		}
		r.next = (r.next + 1) % len(r.records)
		stale = p.look(&p.set.records[r.records[r.next]], c) || stale
	}
	return stale
}

// Sweep looks at everything once, whatever it costs.
func (p *Poller) Sweep() Change {
	defer func() { p.left = 0 }() // it was asked for
	return p.whole(Change{}, false)
}

// whole looks at everything, after a part of it was seen to have changed or to be stale.
func (p *Poller) whole(c Change, stale bool) Change {
	p.begin()
	for i := range p.set.records {
		stale = p.look(&p.set.records[i], &c) || stale
	}
	p.paid(time.Since(p.begun), p.looks)
	if stale {
		start, left := time.Now(), p.left
		came, gone := p.Watch(p.roots)
		p.left = left - int(time.Since(start)/p.cost)
		for _, path := range came {
			if path != "" {
				p.remember(path)
			}
		}
		c = c.Or(came).Or(gone)
	}
	if c.Any() {
		// Somebody is at work: into the higher gear.
		p.awakeUntil = time.Now().Add(awakeFor)
		p.left = 0
		p.heat()
	}
	return c
}

// Watch has the poller watch what the roots lead to now. A file that is known, to the poller or
// else to a set of seen, is compared at the next look with what it was there. Watch returns
// which other files are there, or were there for another purpose than to be built, and which of
// those that were there are not watched any more.
func (p *Poller) Watch(roots []Root, seen ...*Set) (came, gone Change) {
	known := append([]*Set{p.set}, seen...)
	p.set, p.roots = expand(roots, p.stamp), roots
	reads := readAtOnce
	for i := range p.set.files() {
		r := &p.set.files()[i]
		var was *record
		for n := 0; n < len(known) && was == nil; n++ {
			was = known[n].find(p.set.dirs[r.dir], p.set.nameOf(r))
		}
		path := p.path(r)
		if was != nil {
			r.stamp, r.fresh, r.hash = was.stamp, was.fresh, was.hash
			if r.use != was.use && r.size > freshLength {
				r.hash = notRead // the other purpose may have read less of the file, or more
			}
			// A build may have read it before it was edited, when an edit did not yet cause a build.
			const built = 1<<Source | 1<<Input
			if more := *r; r.exists() && r.use&^was.use&built != 0 {
				more.use = r.use &^ was.use & built
				came.note(&more, path)
			}
			continue
		}
		p.first(r, path, &reads)
		if r.exists() {
			came.note(r, path)
		}
	}
	for _, set := range known {
		for i := range set.files() {
			was := &set.files()[i]
			if was.exists() && p.set.find(set.dirs[was.dir], set.nameOf(was)) == nil {
				gone.note(was, set.pathOf(was))
			}
		}
	}
	p.left = 0
	p.divide()
	p.heat()
	return came, gone
}

// first takes the stamp of a new record. It reads no more contents than reads says.
func (p *Poller) first(r *record, path string, reads *int) {
	s := p.stamp(path).file()
	if p.byContent(r) && !s.fresh(time.Now()) {
		if *reads--; *reads < 0 {
			r.stamp, r.hash = s, notRead
			return
		}
	}
	p.keep(r, s, path)
}

// Snapshot returns what roots lead to now, for Watch.
func Snapshot(roots []Root) *Set {
	p := New(0)
	p.Watch(roots)
	return p.set
}

// path returns the path of a record. It is a piece of a long string that is begun anew when
// it is full, so that a look allocates nothing besides what os.Stat does.
func (p *Poller) path(r *record) string {
	dir := p.set.dirs[r.dir]
	if r.kind.dir() {
		return dir
	}
	if free := p.paths.Cap() - p.paths.Len(); free < len(dir)+1+int(r.length) {
		p.paths = strings.Builder{}
		p.paths.Grow(max(16<<10, len(dir)+1+int(r.length)))
	}
	at := p.paths.Len()
	p.paths.WriteString(dir)
	if !os.IsPathSeparator(dir[len(dir)-1]) {
		p.paths.WriteByte(filepath.Separator)
	}
	p.paths.WriteString(p.set.nameOf(r))
	return p.paths.String()[at:]
}
