package restarter

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What polling may cost: a share of one core, less what a wake-up takes.
const (
	idleTick   = 100 * time.Millisecond
	awakeTick  = 25 * time.Millisecond
	idleShare  = 0.007
	awakeShare = 0.03
	wakeUp     = 250 * time.Microsecond

	awakeFor = 5 * time.Minute // after a change, since somebody is at work

	// A look never takes more of the processor than this: the rest of a slow one is
	// waiting, for a file server say, and waiting costs nobody.
	dearestLook  = 25 * time.Microsecond
	cheapestLook = 200 * time.Nanosecond
)

// A poller finds out which files of a set have changed. It belongs to one goroutine.
type poller struct {
	fileSet
	roots    []root                            // what the set was made from
	stat     func(string) (os.FileInfo, error) // os.Stat
	interval time.Duration                     // between ticks; 0: idleTick and awakeTick

	recent   []string // the files that changed last, the newest at the end
	hot      []int32  // what is looked at first: those, their neighbours, all directories
	foremost int      // how many of them are looked at in every tick
	nextHot  int      // where the rounds through the others go on
	nextCold int      // and those through all files

	awakeUntil time.Time
	cost       time.Duration // of one look: the lower envelope of what was measured
	left       int           // how many more looks may be taken; below 0: too many were
	looks      int           // how many were taken since begun
	begun      time.Time     // moved on by the time that reading took

	paths strings.Builder // see path
}

func newPoller(interval time.Duration) *poller {
	return &poller{stat: os.Stat, interval: interval, cost: dearestLook}
}

// gear returns the time between two ticks and the share of a core that polling may take.
// A shorter tick than the wake-up alone allows would break that promise.
func (p *poller) gear() (tick time.Duration, share float64) {
	tick, share = idleTick, idleShare
	if time.Now().Before(p.awakeUntil) {
		tick, share = awakeTick, awakeShare
	}
	if p.interval > 0 {
		tick = p.interval
	}
	return max(tick, time.Duration(2*float64(wakeUp)/share)), share
}

// wait returns the time between two ticks.
func (p *poller) wait() time.Duration {
	tick, _ := p.gear()
	return tick
}

// budget returns how many looks one tick may take.
func (p *poller) budget() int {
	tick, share := p.gear()
	return max(4, int((share*float64(tick)-float64(wakeUp))/float64(p.cost)))
}

// tick looks at as many files as the budget allows: at those that changed last, then for
// a third of it at the other hot ones, then at all files in turn. Where everything fits, that
// is everything.
func (p *poller) tick() change {
	// What was too much is saved again, but not for long, so that no edit has to wait for it.
	p.left = max(min(p.left, 0), -50*p.budget()-2*len(p.Records)) + p.budget()
	if p.left >= len(p.Records) {
		return p.whole(change{}, false)
	}
	var c change
	var stale bool
	budget := p.left
	p.begin()
	for _, i := range p.hot[:p.foremost] {
		stale = p.look(&p.Records[i], &c) || stale
	}
	others := p.hot[p.foremost:]
	for range others {
		if p.left <= budget*2/3 {
			break
		}
		p.nextHot = (p.nextHot + 1) % len(others)
		stale = p.look(&p.Records[others[p.nextHot]], &c) || stale
	}
	for range p.files() {
		if p.left <= 0 {
			break
		}
		p.nextCold = (p.nextCold + 1) % len(p.files())
		stale = p.look(&p.files()[p.nextCold], &c) || stale
	}
	p.paid(time.Since(p.begun), p.looks)
	if stale || c.any() {
		// Something is going on: see it whole, once, rather than slice by slice.
		return p.whole(c, stale)
	}
	return c
}

// sweep looks at everything once, whatever it costs.
func (p *poller) sweep() change {
	defer func() { p.left = 0 }() // it was asked for
	return p.whole(change{}, false)
}

// whole looks at everything, after a part of it was seen to have changed or to be stale.
func (p *poller) whole(c change, stale bool) change {
	p.begin()
	for i := range p.Records {
		stale = p.look(&p.Records[i], &c) || stale
	}
	p.paid(time.Since(p.begun), p.looks)
	if stale {
		start, left := time.Now(), p.left
		was := p.fileSet
		came, gone := p.set(p.roots, &was)
		p.left = left - int(time.Since(start)/p.cost)
		for _, i := range came {
			if i >= p.Folders {
				p.remember(p.path(&p.Records[i]))
			}
		}
		c = p.noteAll(came, c).or(gone)
	}
	if c.any() {
		p.wake()
	}
	return c
}

// noteAll returns c, with the files that are numbered. A directory alone is no change.
func (p *poller) noteAll(numbers []int, c change) change {
	for _, i := range numbers {
		if i >= p.Folders {
			c.note(&p.Records[i], p.path(&p.Records[i]))
		}
	}
	return c
}

// wake puts the poller into its higher gear: somebody is at work.
func (p *poller) wake() {
	p.awakeUntil = time.Now().Add(awakeFor)
	p.left = 0
	p.heat()
}

func (p *poller) begin() { p.begun, p.looks = time.Now(), 0 }

// paid learns what a look costs: at once when it is cheaper than thought, slowly when it is
// dearer, because that is mostly somebody else's work on the same processor.
func (p *poller) paid(took time.Duration, looks int) {
	if looks <= 0 {
		return
	}
	each := min(max(took/time.Duration(looks), cheapestLook), dearestLook)
	if each > p.cost {
		each = p.cost + (each-p.cost)/64
	}
	p.cost = each
}

// look compares a record with its file and keeps what it sees. A file that differs is noted
// in c; stale says that a directory holds other names that matter, so that the set has to be
// made again.
func (p *poller) look(r *record, c *change) (stale bool) {
	p.left--
	p.looks++
	path := p.path(r)
	was, now := r.stamp, p.stamp(path)
	now.Hash = was.Hash
	same := now == was
	if same && !r.Fresh {
		return false
	}
	p.keep(r, now, path)
	if r.Kind.dir() {
		if !same {
			// One file may have taken the place of another, by rename.
			for i, to := p.span(r.Dir); i < to; i++ {
				p.look(&p.Records[i], c)
			}
		}
		return r.Hash != was.Hash
	}
	if !same || was.Hash != 0 && r.Hash != was.Hash {
		c.note(r, path)
		p.remember(path)
	}
	if !r.Fresh {
		r.Hash = 0
	}
	return false
}

// keep records a stamp, with the content of what is or was fresh. It is paid for in looks.
func (p *poller) keep(r *record, s stamp, path string) {
	was, start := r.Fresh, time.Now()
	r.Fresh = s.fresh(start) && r.Kind != program
	switch {
	case r.Kind.dir() && s.Mode.IsDir():
		var names int
		var ok bool
		if s.Hash, names, ok = readNames(path, r.Kind, p.Patterns[r.Pattern], nil); !ok {
			s.Hash, r.Fresh = r.Hash, true // no descriptor is free, say
		}
		p.left -= 10 + names/4
	case !s.exists() || !s.Mode.IsRegular() || !was && !r.Fresh:
		s.Hash = 0
	default:
		s.Hash = contentHash(path, s.Size, r.Hash)
		p.left -= 10 + int(min(s.Size, 1<<20)>>12)
	}
	r.stamp = s
	p.begun = p.begun.Add(time.Since(start)) // reading teaches nothing about the next look
}

// remember keeps the paths of the files that changed last, for heat.
func (p *poller) remember(path string) {
	const most = 8
	if i := slices.Index(p.recent, path); i >= 0 {
		p.recent = append(p.recent[:i], p.recent[i+1:]...)
	} else if len(p.recent) == most {
		p.recent = p.recent[1:]
	}
	p.recent = append(p.recent, strings.Clone(path))
}

// heat makes the list of hot records anew: the files that changed last, those beside them,
// what was named by itself, and every directory.
func (p *poller) heat() {
	const beside = 16
	p.hot, p.nextHot = p.hot[:0], 0
	for _, path := range p.recent {
		if i := p.find(filepath.Dir(path), filepath.Base(path)); i >= 0 {
			p.hot = append(p.hot, int32(i))
		}
	}
	p.foremost = len(p.hot)
	for i := range p.Records {
		r := &p.Records[i]
		near := func(j int32) bool { return i-int(j) <= beside && int(j)-i <= beside && p.Records[j].Dir == r.Dir }
		if r.Kind != member || slices.ContainsFunc(p.hot[:p.foremost], near) {
			p.hot = append(p.hot, int32(i))
		}
	}
}
