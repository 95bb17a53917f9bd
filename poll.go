package restarter

import (
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
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

// A stamp is what one look at a file tells. Compare stamps as a whole: files come back with
// older times. The zero stamp means that the file does not exist.
type stamp struct {
	mtime, ctime int64 // nanoseconds; ctime is 0 where the system has none
	size         int64
	mode         os.FileMode
	hash         uint64 // of a fresh file's content; of a directory's names that matter
}

// fresh reports whether a file was written so recently that its times may be too coarse
// to show the next write.
func (s stamp) fresh(now time.Time) bool {
	age := now.UnixNano() - max(s.mtime, s.ctime)
	return s != (stamp{}) && age < int64(2*time.Second) && age > -int64(time.Minute)
}

// notOlder reports whether the file may have been written since ref, another file's time.
// Whole seconds come from a file system that has no finer ones, and may be rounded to two.
func (s stamp) notOlder(ref int64) bool {
	if s.mtime%int64(time.Second) == 0 {
		return s.mtime+int64(2*time.Second) > ref
	}
	return s.mtime >= ref
}

// A record is one file or directory that is looked at. It holds no pointer, so that a large
// set costs the garbage collector nothing.
type record struct {
	stamp
	at, end uint32 // where its path stands in poller.paths
	pattern uint16 // for globbed: which of poller.patterns its names have to match
	kind    kind
	source  bool // the program is made of it
	tracked bool // Track names it
	fresh   bool // look at its content as well, or at a directory's names
}

// A change says what was seen to differ: a path of each sort, or "".
type change struct {
	source  string // the program has to be built
	tracked string // it has only to be restarted
	program string // the executable it was started from
}

func (c change) any() bool { return c != change{} }

func (c *change) note(r *record, path string) {
	if r.kind == program {
		c.program = path
	}
	if r.source {
		c.source = path
	}
	if r.tracked {
		c.tracked = path
	}
}

// or returns c, with what it lacks from d.
func (c change) or(d change) change {
	if c.source == "" {
		c.source = d.source
	}
	if c.tracked == "" {
		c.tracked = d.tracked
	}
	if c.program == "" {
		c.program = d.program
	}
	return c
}

// A poller finds out which files of a set have changed. It belongs to one goroutine.
type poller struct {
	stat     func(string) (os.FileInfo, error) // os.Stat
	interval time.Duration                     // between ticks; 0: idleTick and awakeTick

	roots    []root
	records  []record // directories first
	dirs     int      // how many of them are directories
	paths    string
	patterns []string

	recent []string // the files that changed last, the newest at the end
	hot    []int32  // what is looked at first: those, their neighbours, all directories

	nextHot, nextCold int // where the rounds through hot and through all files go on

	awakeUntil time.Time
	cost       time.Duration // of one look: the lower envelope of what was measured
}

func newPoller(interval time.Duration) *poller {
	return &poller{stat: os.Stat, interval: interval, cost: dearestLook}
}

func (p *poller) path(r *record) string { return p.paths[r.at:r.end] }

// wait returns the time between two ticks. A shorter one than the wake-up alone allows
// would break the promise of what polling costs.
func (p *poller) wait() time.Duration {
	tick, share := idleTick, idleShare
	if time.Now().Before(p.awakeUntil) {
		tick, share = awakeTick, awakeShare
	}
	if p.interval > 0 {
		tick = p.interval
	}
	return max(tick, time.Duration(2*float64(wakeUp)/share))
}

// budget returns how many looks one tick may take.
func (p *poller) budget() int {
	share := idleShare
	if time.Now().Before(p.awakeUntil) {
		share = awakeShare
	}
	return max(4, int((share*float64(p.wait())-float64(wakeUp))/float64(p.cost)))
}

// tick looks at as many files as the budget allows: at the hot ones first, at the others
// in turn. Where everything fits, that is everything.
func (p *poller) tick() change {
	n := p.budget()
	if n >= len(p.records) {
		return p.sweep()
	}
	var c change
	var stale bool
	start := time.Now()
	hot, cold := min(len(p.hot), n/2), len(p.records)-p.dirs
	for i := 0; i < hot; i++ {
		p.nextHot = (p.nextHot + 1) % len(p.hot)
		stale = p.look(&p.records[p.hot[p.nextHot]], &c) || stale
	}
	for i := hot; i < n && cold > 0; i++ {
		p.nextCold = (p.nextCold + 1) % cold
		stale = p.look(&p.records[p.dirs+p.nextCold], &c) || stale
	}
	p.paid(time.Since(start), n)
	if stale || c.any() {
		// Something is going on: see it whole, once, rather than slice by slice.
		return c.or(p.sweep())
	}
	return c
}

// sweep looks at everything once, whatever it costs.
func (p *poller) sweep() change {
	var c change
	var stale bool
	start := time.Now()
	for i := range p.records {
		stale = p.look(&p.records[i], &c) || stale
	}
	p.paid(time.Since(start), len(p.records))
	if stale {
		came, gone := p.set(p.roots, p.known())
		for _, i := range came {
			path := p.path(&p.records[i])
			c.note(&p.records[i], path)
			p.remember(path)
		}
		c = c.or(gone)
	}
	if c.any() {
		p.wake()
	}
	return c
}

// wake puts the poller into its higher gear: somebody is at work.
func (p *poller) wake() {
	p.awakeUntil = time.Now().Add(awakeFor)
	p.heat()
}

// paid learns what a look costs: at once when it is cheaper than thought, slowly when it is
// dearer, because that is mostly somebody else's work on the same processor.
func (p *poller) paid(took time.Duration, looks int) {
	if looks == 0 {
		return
	}
	each := min(max(took/time.Duration(looks), cheapestLook), dearestLook)
	if each > p.cost {
		each = p.cost + (each-p.cost)/64
	}
	p.cost = each
}

// look compares a record with its file and keeps what it sees. A file that differs is noted
// in c; stale says that a directory holds other names that matter, so that the set of
// records has to be made again.
func (p *poller) look(r *record, c *change) (stale bool) {
	was := r.stamp
	now := p.stamp(p.path(r))
	now.hash = was.hash
	if now == was && !r.fresh {
		return false
	}
	p.keep(r, now)
	if r.kind.dir() {
		return r.hash != was.hash
	}
	now.hash = r.hash
	if was.hash == 0 || r.hash == 0 {
		was.hash, now.hash = 0, 0 // known by its times alone
	}
	if now != was {
		path := p.path(r)
		c.note(r, path)
		p.remember(path)
	}
	return false
}

// stamp looks at one file: a single os.Stat, which follows symbolic links.
func (p *poller) stamp(path string) stamp {
	info, err := p.stat(path)
	if err != nil {
		return stamp{}
	}
	return stampOf(info)
}

func stampOf(info os.FileInfo) stamp {
	s := stamp{mtime: info.ModTime().UnixNano(), ctime: changeTime(info), mode: info.Mode()}
	if !info.IsDir() {
		s.size = info.Size()
	}
	return s
}

// keep records a stamp, with the content of what is fresh: a small file's at every look, a
// large one's at the first and the last.
func (p *poller) keep(r *record, s stamp) {
	const large = 1 << 20
	first, last := !r.fresh, !s.fresh(time.Now())
	r.fresh = !last && r.kind != program
	was := r.stamp
	s.hash = was.hash
	switch {
	case r.kind.dir():
		_, s.hash = namesIn(p.path(r), r.kind, p.patterns[r.pattern])
	case !s.mode.IsRegular() || first && last || r.kind == program:
		s.hash = 0
	case s.size <= large || first || last || s != was:
		s.hash = contentHash(p.path(r))
	}
	r.stamp = s
}

// contentHash is never 0.
func contentHash(path string) uint64 {
	f, err := os.Open(path)
	if err != nil {
		return 1
	}
	defer f.Close()
	h := fnv.New64a()
	io.Copy(h, f)
	return h.Sum64() | 1<<63
}

// remember keeps the paths of the files that changed last, for heat.
func (p *poller) remember(path string) {
	const most = 8
	for i, old := range p.recent {
		if old == path {
			p.recent = append(p.recent[:i], p.recent[i+1:]...)
			break
		}
	}
	p.recent = append(p.recent, path)
	if len(p.recent) > most {
		p.recent = p.recent[len(p.recent)-most:]
	}
}

// heat makes the list of hot records anew: the recently changed files with their neighbours,
// the latest first, then every directory.
func (p *poller) heat() {
	const neighbours = 32
	p.hot = p.hot[:0]
	seen := make(map[string]bool)
	for i := len(p.recent) - 1; i >= 0; i-- {
		dir := filepath.Dir(p.recent[i])
		if seen[dir] {
			continue
		}
		seen[dir] = true
		n := 0
		for j := p.dirs; j < len(p.records) && n < neighbours; j++ {
			path := p.path(&p.records[j])
			if strings.HasPrefix(path, dir) && filepath.Dir(path) == dir {
				p.hot = append(p.hot, int32(j))
				n++
			}
		}
	}
	for i := 0; i < p.dirs; i++ {
		p.hot = append(p.hot, int32(i))
	}
}

// known returns the files of the set by their paths. Directories are left out: their names
// are read again for every new set.
func (p *poller) known() map[string]record {
	known := make(map[string]record, len(p.records)-p.dirs)
	for _, r := range p.records[p.dirs:] {
		known[p.path(&r)] = r
	}
	return known
}

// set makes the poller watch what the roots lead to now. A file that is known keeps its
// stamp, to be compared at the next look. It returns the records of existing files that
// were not known, and what was known to exist and does not belong to the set any more.
func (p *poller) set(roots []root, known map[string]record) (came []int, gone change) {
	e := expand(roots)
	p.roots, p.patterns = roots, e.patterns
	p.records, p.nextHot, p.nextCold = make([]record, 0, len(e.entries)), 0, 0

	var paths strings.Builder
	for _, dirs := range []bool{true, false} {
		for _, f := range e.entries {
			if f.kind.dir() == dirs {
				at := uint32(paths.Len())
				paths.WriteString(f.path)
				p.records = append(p.records, record{at: at, end: uint32(paths.Len()), kind: f.kind,
					source: f.source, tracked: f.tracked, pattern: f.pattern})
			}
		}
		if dirs {
			p.dirs = len(p.records)
		}
	}
	p.paths = paths.String()

	for i := range p.records {
		r := &p.records[i]
		path := p.path(r)
		if was, ok := known[path]; ok && i >= p.dirs {
			r.stamp, r.fresh = was.stamp, was.hash != 0
			delete(known, path)
			continue
		}
		p.keep(r, p.stamp(path))
		if i >= p.dirs && r.stamp != (stamp{}) {
			came = append(came, i)
		}
	}
	for path, was := range known {
		if was.stamp != (stamp{}) {
			gone.note(&was, path)
		}
	}
	p.heat()
	return came, gone
}
