package watch

import (
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
	// waiting, for a file server for example, which costs no processor time.
	dearestLook  = 25 * time.Microsecond
	cheapestLook = 200 * time.Nanosecond
)

// Wait returns the time between two ticks.
func (p *Poller) Wait() time.Duration {
	tick, _ := p.gear()
	return tick
}

// gear returns the time between two ticks and the share of a core that polling may take.
// A shorter tick than the wake-up alone allows would break that promise.
func (p *Poller) gear() (tick time.Duration, share float64) {
	tick, share = idleTick, idleShare
	if time.Now().Before(p.awakeUntil) {
		tick, share = awakeTick, awakeShare
	}
	if p.interval > 0 {
		tick = p.interval
	}
	return max(tick, time.Duration(2*float64(wakeUp)/share)), share
}

// budget returns how many looks one tick may take.
func (p *Poller) budget() int {
	tick, share := p.gear()
	return max(4, int((share*float64(tick)-float64(wakeUp))/float64(p.cost)))
}

func (p *Poller) begin() { p.begun, p.looks = time.Now(), 0 }

// paid learns what a look costs: at once if it was cheaper than expected, slowly if it was more
// expensive, because that is mostly the work of others on the same processor.
func (p *Poller) paid(took time.Duration, looks int) {
	if looks <= 0 {
		return
	}
	each := min(max(took/time.Duration(looks), cheapestLook), dearestLook)
	if each > p.cost {
		each = p.cost + (each-p.cost)/64
	}
	p.cost = each
}

// remember keeps the paths of the files that changed last, for heat.
func (p *Poller) remember(path string) {
	const most = 8
	same := func(other string) bool { return other == path }
	p.recent = append(slices.DeleteFunc(p.recent, same), strings.Clone(path))
	p.recent = p.recent[max(0, len(p.recent)-most):]
}

// divide makes the rounds through all files anew.
func (p *Poller) divide() {
	for _, n := range []int{allSources, allTracked} {
		p.rounds[n] = round{records: p.rounds[n].records[:0]}
	}
	for i := p.set.folders; i < len(p.set.records); i++ {
		p.of(&p.set.records[i], allSources, allTracked).add(i)
	}
}

// of returns that of two rounds which a record is in.
func (p *Poller) of(r *record, sources, tracked int) *round {
	if r.use == 1<<Tracked {
		return &p.rounds[tracked]
	}
	return &p.rounds[sources]
}

func (r *round) add(i int) { r.records = append(r.records, int32(i)) }

// heat makes the lists of hot records anew: the files that changed last; those beside them,
// what was named by itself, and every directory.
func (p *Poller) heat() {
	const beside = 16
	p.foremost = p.foremost[:0]
	for _, path := range p.recent {
		if r := p.set.find(filepath.Dir(path), filepath.Base(path)); r != nil {
			p.foremost = append(p.foremost, int32(p.set.position(r.dir, p.set.nameOf(r))))
		}
	}
	for _, n := range []int{hotSources, hotTracked} {
		p.rounds[n] = round{records: p.rounds[n].records[:0]}
	}
	for i := range p.set.records {
		r := &p.set.records[i]
		near := func(j int32) bool {
			return i-int(j) <= beside && int(j)-i <= beside && p.set.records[j].dir == r.dir
		}
		if r.kind != member || slices.ContainsFunc(p.foremost, near) {
			p.of(r, hotSources, hotTracked).add(i)
		}
	}
}
