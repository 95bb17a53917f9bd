package watch

import (
	"fmt"
	"testing"
	"time"
)

// An interval that was asked for is kept, unless it would cost too much.
func TestInterval(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		0: idleTick, time.Second: time.Second, 80 * time.Millisecond: 80 * time.Millisecond,
	} {
		if got := New(asked).Wait(); got != want {
			t.Errorf("%v asked: a tick of %v", asked, got)
		}
	}
	if got := New(time.Microsecond).Wait(); got < wakeUp*100 {
		t.Errorf("a tick of %v", got)
	}
}

// A look that seems to take long, since other processes do, does not slow polling down for
// good: one quick tick corrects it.
func TestCostIsALowerEnvelope(t *testing.T) {
	p := New(0)
	p.paid(100*time.Microsecond, 100)
	if p.cost != time.Microsecond {
		t.Fatalf("a look costs %v", p.cost)
	}
	for i := 0; i < 10; i++ {
		p.paid(100*time.Millisecond, 100)
	}
	if p.cost > 6*time.Microsecond {
		t.Errorf("after ten slow ticks, a look costs %v", p.cost)
	}
	p.paid(100*time.Microsecond, 100)
	if p.cost != time.Microsecond {
		t.Errorf("after a quick tick, a look costs %v", p.cost)
	}
	p.paid(time.Hour, 0)
	for i := 0; i < 10000; i++ {
		p.paid(time.Hour, 1)
	}
	if p.cost > dearestLook {
		t.Errorf("a look costs %v", p.cost)
	}
}

// The files that changed last come first, then what was named by itself, their neighbours and
// the directories.
func TestHeat(t *testing.T) {
	var names []string
	for i := 0; i < 100; i++ {
		names = append(names, fmt.Sprintf("d/%03d.go", i))
	}
	f := newFolder(t, append(names, "e/far.go", "a.conf")...)
	p := f.poller(Root{Package, Source, "d"}, Root{Package, Source, "e"}, Root{Pattern, Tracked, "a.conf"},
		Root{File, Tracked, names[0]}, Root{File, Tracked, names[5]}, Root{File, Tracked, names[9]})
	if len(p.foremost) != 0 || len(p.rounds[hotSources].records) != 5 || len(p.rounds[hotTracked].records) != 1 {
		t.Errorf("at first, %v, %v", p.foremost, p.rounds)
	}
	for i := 40; i < 60; i++ {
		f.write(names[i], "edited")
		f.want(p.Sweep(), Source, names[i])
	}
	f.write(names[50], "edited again")
	p.Sweep()
	hot := map[string]bool{}
	for _, n := range append(p.rounds[hotSources].records, p.rounds[hotTracked].records...) {
		hot[p.set.pathOf(&p.set.records[n])] = true
	}
	for i, n := range p.foremost {
		path := p.set.pathOf(&p.set.records[n])
		if want := f.path(names[[]int{53, 54, 55, 56, 57, 58, 59, 50}[i]]); path != want {
			t.Errorf("%d: %s, want %s", i, path, want)
		}
	}
	for name, want := range map[string]bool{
		"d": true, "e": true, "a.conf": true, names[5]: true, names[50]: true, names[34]: true, names[75]: true,
		names[33]: false, names[76]: false, "e/far.go": false,
	} {
		if hot[f.path(name)] != want {
			t.Errorf("%s is hot: %v", name, !want)
		}
	}
}
