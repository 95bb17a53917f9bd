//go:build unix

package restarter

import (
	"syscall"
	"testing"
	"time"
)

// A directory that cannot be read just now, as when the program has no descriptor left, is read
// again: what is in it is not forgotten.
func TestNoDescriptorLeft(t *testing.T) {
	f := newFolder(t, "a.go")
	roots := []root{{Kind: pkg, Source: true, Path: f.dir}}
	f.age(".", time.Hour)
	p := newPoller(0)
	p.stat = mtimeOnly(p.stat) // the time of the last change of any kind is now
	p.set(roots)
	p.Records[0].Fresh = true
	var most syscall.Rlimit
	f.check(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &most))
	none := most
	none.Cur = 3
	without := func(do func()) {
		f.check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none))
		do()
		f.check(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &most))
	}
	without(func() {
		if c := p.sweep(); c.any() {
			t.Errorf("%+v", c)
		}
	})
	if c := p.sweep(); c.any() {
		t.Errorf("afterwards: %+v", c)
	}
	without(func() { p.set(roots) })
	p.sweep()
	p.sweep()
	f.write("a.go", "edited")
	if c := p.sweep(); c.Source != f.path("a.go") {
		t.Errorf("the edit: %+v", c)
	}
}
