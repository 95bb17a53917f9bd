//go:build go1.25

// A bubble needs the timers of Go 1.23, which a module of Go 1.21 has to ask for.
//go:debug asynctimerchan=0

package watch

import (
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// lookCost is what a look takes in these tests: more than os.Stat does on most machines.
const lookCost = 2 * time.Microsecond

// A world is a poller at work in a bubble, on real directories and on files of a pretended
// file system, where a look takes lookCost and nothing else takes time.
type world struct {
	t     *testing.T
	poll  *Poller
	files []string
	times map[string]time.Time // of those that have changed
	dirs  map[string]time.Time // of directories in which a file has been replaced
	spent time.Duration        // on looks and wake-ups
}

// perDir is how many files there are in a directory.
const perDir = 20

// brief reports whether most of the waiting is left to another run of the tests: there is one
// goroutine at work here, and no race.
func brief() bool { return testing.Short() || raceDetector }

func tooMany(n int) bool { return n > 1000 && brief() }

// inWorld runs test in a bubble with n files in n/perDir directories.
func inWorld(t *testing.T, n int, test func(w *world)) {
	f := newFolder(t, "like.txt")
	var roots []Root
	var files []string
	for i := 0; i < n; i++ {
		sub := fmt.Sprintf("all/%05d", i/perDir)
		if i%perDir == 0 {
			f.check(os.MkdirAll(f.path(sub), 0o755))
			roots = append(roots, Root{Package, Source, f.path(sub)})
		}
		name := fmt.Sprintf("%s/%05d.go", sub, i)
		f.another(name, "like.txt")
		files = append(files, f.path(name))
	}
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, files: files, poll: New(0), times: make(map[string]time.Time), dirs: make(map[string]time.Time)}
		w.poll.stat = w.stat
		w.poll.Watch(roots)
		w.poll.Sweep()
		w.spent = 0
		test(w)
	})
}

type pretended struct {
	name  string
	dir   bool
	mtime time.Time
}

func (i pretended) Name() string       { return i.name }
func (i pretended) Size() int64        { return 1 }
func (i pretended) ModTime() time.Time { return i.mtime }
func (i pretended) IsDir() bool        { return i.dir }
func (i pretended) Sys() any           { return nil }
func (i pretended) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir
	}
	return 0
}

func (w *world) stat(name string) (os.FileInfo, error) {
	time.Sleep(lookCost)
	w.spent += lookCost
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	p := pretended{name: name, dir: info.IsDir(), mtime: info.ModTime()}
	if then, ok := w.times[name]; ok {
		p.mtime = then
	}
	return p, nil
}

// run polls for so long, or until there is a change, and returns that with the time it took.
func (w *world) run(limit time.Duration) (Change, time.Duration) {
	start := time.Now()
	for time.Since(start) < limit {
		time.Sleep(w.poll.Wait())
		w.spent += wakeUp
		if c := w.poll.Tick(); c.Any() {
			return c, time.Since(start)
		}
	}
	return Change{}, time.Since(start)
}

// touch writes a file in place, as the pretended file system has it. Its time is one that
// is not fresh.
func (w *world) touch(name string) {
	w.times[name] = time.Now().Add(-time.Hour)
}

// wake puts the poller into its higher gear, as a change does, and idle into the lower one.
func (w *world) wake() {
	w.poll.awakeUntil = time.Now().Add(awakeFor)
	w.poll.left = 0
	w.poll.heat()
}

func (w *world) idle() { w.poll.awakeUntil = time.Time{} }

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// The kinds of change, each to the i-th of many files.
var kindsOfChange = []struct {
	name        string
	idle, awake time.Duration // the deadline of the median at 5,000 files
	change      func(w *world, i int)
}{
	{"edit of the same file", 3 * time.Second, 50 * time.Millisecond, func(w *world, i int) {
		w.touch(w.files[len(w.files)-1])
	}},
	{"edit of a file untouched for long", 3 * time.Second, time.Second, func(w *world, i int) {
		w.touch(w.files[i])
	}},
	{"replaced by rename", time.Second / 2, time.Second / 2, func(w *world, i int) {
		w.check(os.WriteFile(w.files[i]+"~", nil, 0o644))
		w.check(os.Rename(w.files[i]+"~", w.files[i]))
		w.touch(w.files[i])
	}},
	{"new file", time.Second / 2, time.Second / 2, func(w *world, i int) {
		w.check(os.WriteFile(filepath.Join(filepath.Dir(w.files[i]), fmt.Sprintf("new%d.go", i)), nil, 0o644))
	}},
	{"removed file", time.Second / 2, time.Second / 2, func(w *world, i int) {
		w.check(os.Remove(w.files[i])) // the last kind: none of the others comes upon it
	}},
}

// Every kind of change is seen within its deadline, in both gears.
func TestLatency(t *testing.T) {
	t.Parallel()
	for _, n := range []int{50, 1000, 5000, 50000} {
		if tooMany(n) || n == 1000 && !brief() {
			continue
		}
		rounds := 25
		switch {
		case n > 5000:
			rounds = 1 // there is no deadline, but nothing may be lost
		case brief():
			rounds = 3
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inWorld(t, n, func(w *world) {
				random := rand.New(rand.NewSource(1))
				for _, gear := range []string{"idle", "awake"} {
					for _, kind := range kindsOfChange {
						order := random.Perm(n / 2) // the upper half is for the gear that comes next
						if gear == "awake" {
							for k := range order {
								order[k] += n / 2
							}
						}
						var took []time.Duration
						for k := 0; k < rounds; k++ {
							w.wake()
							if gear == "idle" {
								w.idle()
							}
							w.run(time.Duration(random.Intn(1000)) * time.Millisecond) // to any point of a round
							kind.change(w, order[k])                                   // in no order, and no file twice
							c, d := w.run(time.Minute)
							if c[Source] == "" {
								t.Fatalf("%s: not seen in %v", kind.name, d)
							}
							took = append(took, d)
						}
						slices.Sort(took)
						median := took[len(took)/2]
						t.Logf("%-5s %-34s median %8v, worst %8v", gear, kind.name, median.Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
						deadline := kind.awake
						if gear == "idle" {
							deadline = kind.idle
						}
						if n == 50 { // where everything is looked at in every tick
							deadline = map[string]time.Duration{"idle": idleTick, "awake": awakeTick}[gear] + time.Millisecond
						}
						if n <= 5000 && median > deadline {
							t.Errorf("%s, %s: a median of %v, the deadline is %v", gear, kind.name, median, deadline)
						}
					}
				}
			})
		})
	}
}

// A file that was edited before is looked at in every tick, however many there are.
func TestLatencyOfRepeatedEdit(t *testing.T) {
	t.Parallel()
	n, edits := 5000, 100
	if tooMany(n) {
		n, edits = 1000, 30
	}
	inWorld(t, n, func(w *world) {
		file := w.files[n/4]
		w.touch(file)
		w.run(time.Minute)
		for k := 0; k < edits; k++ {
			w.touch(file)
			if c, d := w.run(time.Minute); c[Source] != file || d > 2*awakeTick {
				t.Fatalf("%q after %v", c, d)
			}
		}
	})
}

// However many files are tracked, each by its name, and however many of them have still to be read: an edit of a source
// does not wait for them, nor does one of them wait for ever.
func TestSourcesDoNotWaitForTrackedFiles(t *testing.T) {
	t.Parallel()
	const n = 2000
	inWorld(t, 50, func(w *world) {
		roots, dir := slices.Clone(w.poll.roots), w.t.TempDir()
		for i := 0; i < n; i++ {
			name := filepath.Join(dir, fmt.Sprint(i))
			w.check(os.WriteFile(name, nil, 0o644))
			roots = append(roots, Root{File, Tracked, name})
		}
		w.poll.Watch(roots)
		for i := 0; i < len(w.files); i += 7 {
			file := w.files[i]
			w.idle()
			w.run(time.Duration(i) * 50 * time.Millisecond)
			w.touch(file)
			if c, d := w.run(time.Minute); c[Source] != file || d > 2*idleTick {
				w.t.Fatalf("%q after %v", c, d)
			}
			w.poll.Watch(roots[:3]) // so that the others are new
			w.poll.Watch(roots)
		}
		w.idle()
		name := filepath.Join(dir, fmt.Sprint(n-1))
		w.check(os.WriteFile(name, []byte("edited"), 0o644))
		if c, d := w.run(10 * time.Minute); c[Tracked] != name {
			w.t.Errorf("%q after %v", c, d)
		}
	})
}

// Where looks are dear, as on a network file system, the files that changed last leave room for the others.
func TestDearLooks(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{0, 50 * time.Millisecond} {
		inWorld(t, 60, func(w *world) {
			w.poll.interval, w.poll.cost = interval, dearestLook
			w.poll.stat = func(name string) (os.FileInfo, error) {
				time.Sleep(dearestLook)
				return w.stat(name)
			}
			roots, dir := slices.Clone(w.poll.roots), w.t.TempDir()
			for i := 0; i < 60; i++ {
				name := filepath.Join(dir, fmt.Sprint(i))
				w.check(os.WriteFile(name, nil, 0o644))
				roots = append(roots, Root{File, Tracked, name})
			}
			w.poll.Watch(roots)
			w.poll.Sweep()
			for _, file := range w.files[:8] {
				w.touch(file)
				w.run(time.Minute)
			}
			for i, edit := range []func(){
				func() { w.touch(w.files[50]) },
				func() {
					name := filepath.Join(filepath.Dir(w.files[50]), "new.go")
					w.check(os.WriteFile(name, []byte("package x"), 0o644))
				},
				func() { w.check(os.WriteFile(filepath.Join(dir, "50"), []byte("new"), 0o644)) },
			} {
				w.idle()
				edit()
				if c, d := w.run(10 * time.Second); !c.Any() {
					w.t.Errorf("interval %v: edit %d is not seen after %v", interval, i, d)
				}
			}
		})
	}
}

// Nothing is seen, and nothing looked at, before the tick; and without a change nothing is
// seen at all.
func TestTick(t *testing.T) {
	inWorld(t, 50, func(w *world) {
		long := time.Hour
		if brief() {
			long = time.Minute
		}
		if c, _ := w.run(long); c.Any() {
			t.Fatalf("%q out of nothing", c)
		}
		for _, gear := range []struct {
			tick time.Duration
			wake bool
		}{{idleTick, false}, {awakeTick, true}} {
			if gear.wake {
				w.wake()
			}
			if got := w.poll.Wait(); got != gear.tick {
				t.Errorf("a tick of %v, want %v", got, gear.tick)
			}
			w.touch(w.files[7])
			before := w.spent
			time.Sleep(w.poll.Wait() - 1)
			if w.spent != before {
				t.Error("looked before the tick")
			}
			time.Sleep(1)
			if c := w.poll.Tick(); c[Source] != w.files[7] {
				t.Errorf("%q at the tick", c)
			}
			w.idle()
		}
	})
}

// A change wakes the poller for five minutes.
func TestGears(t *testing.T) {
	inWorld(t, 50, func(w *world) {
		if got := w.poll.Wait(); got != idleTick {
			t.Errorf("at first, a tick of %v", got)
		}
		w.touch(w.files[0])
		w.run(time.Second)
		seen := time.Now()
		for time.Since(seen) < awakeFor {
			if got := w.poll.Wait(); got != awakeTick {
				t.Fatalf("%v after a change, a tick of %v", time.Since(seen), got)
			}
			time.Sleep(time.Second)
		}
		if got := w.poll.Wait(); got != idleTick {
			t.Errorf("after five minutes, a tick of %v", got)
		}
	})
}

// Polling takes no more than 1 % of a core when idle and 3 % when awake, at any number of
// files, at any interval; nor does junk that comes and goes in every directory all the time.
func TestBudget(t *testing.T) {
	t.Parallel()
	for _, n := range []int{50, 1000, 5000, 50000} {
		if tooMany(n) || n < 1000 && brief() {
			continue
		}
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inWorld(t, n, func(w *world) {
				window, longer := 6*time.Second, 40*time.Second
				if brief() {
					window, longer = window/2, longer/3
				}
				share := func(what string, bound float64) {
					t.Helper()
					w.spent = 0
					c, took := w.run(window)
					if c.Any() {
						t.Fatalf("%s: %q", what, c)
					}
					got := float64(w.spent) / float64(took)
					t.Logf("%s: %.2f %%", what, got*100)
					if got > bound {
						t.Errorf("%s: %.2f %% of a core", what, got*100)
					}
				}
				share("idle", 0.01)
				for _, interval := range []time.Duration{time.Microsecond, time.Second, 10 * time.Second} {
					w.poll.interval, w.poll.cost = interval, dearestLook
					share(fmt.Sprint("idle, every ", interval), 0.01)
				}
				w.poll.interval = 0
				w.wake()
				share("awake", 0.03)
				w.idle()
				for i := 0; i < len(w.files); i += perDir {
					dir := filepath.Dir(w.files[i])
					w.times[dir] = time.Time{}
				}
				stat := w.poll.stat
				w.poll.stat = func(name string) (os.FileInfo, error) {
					if _, ok := w.times[name]; ok && filepath.Ext(name) == "" {
						w.times[name] = time.Now().Add(-time.Hour)
					}
					return stat(name)
				}
				share("junk", 0.01)
				// An empty directory that comes and goes below a tracked one: the set is made again,
				// and nothing has changed.
				top := filepath.Dir(filepath.Dir(w.files[0]))
				w.poll.stat = func(name string) (os.FileInfo, error) {
					if name == top && os.Mkdir(filepath.Join(top, "lock"), 0o755) != nil {
						w.check(os.Remove(filepath.Join(top, "lock")))
					}
					return w.stat(name)
				}
				w.times = nil
				w.poll.Watch(append(w.poll.roots, Root{Tree, Tracked, top}))
				w.poll.Sweep()
				w.idle()
				w.run(time.Second)
				w.poll.left, window = 0, longer // one look at everything may be worth seconds
				share("a directory that comes and goes", 0.01)
			})
		})
	}
}
