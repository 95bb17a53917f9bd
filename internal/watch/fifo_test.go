//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package watch

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// A FIFO in the place of a file keeps nobody waiting, whether somebody has the other end open or
// not.
func TestFIFO(t *testing.T) {
	for name, root := range map[string]Root{
		"package": {Package, Source, ""}, "package, contents": {Package, Input, ""}, "tree": {Tree, Tracked, ""},
		"alone": {Pattern, Tracked, "a.go"}, "pattern": {Pattern, Tracked, "*.go"}, "executable": {File, Executable, "a.go"},
	} {
		for _, writer := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", writer ", writer), func(t *testing.T) {
				f := newFolder(t, "a.go")
				p := f.poller(root)
				fifo := func() {
					f.remove("a.go")
					f.check(syscall.Mkfifo(f.path("a.go"), 0o600))
					if writer {
						end, err := os.OpenFile(f.path("a.go"), os.O_RDWR, 0)
						f.check(err)
						t.Cleanup(func() { end.Close() })
					}
				}
				fifo()
				f.want(p.Sweep(), root.For, "a.go")
				f.want(p.Sweep(), root.For, "")
				f.want(p.Tick(), root.For, "")
				p.Watch(p.roots, Snapshot(p.roots))
				f.want(p.Sweep(), root.For, "")
				f.replace("a.go", "a file again")
				f.want(p.Sweep(), root.For, "a.go")
				f.want(p.Sweep(), root.For, "")
				if root.For == Executable {
					return // not read
				}
				// It comes between the look and the reading.
				f.replace("a.go", "edited")
				between(p, f.path("a.go"), fifo)
				c := p.Sweep()
				f.want(c.Or(p.Sweep()), root.For, "a.go")
			})
		}
	}
}

// So it is in the place of a directory.
func TestFIFOForDirectory(t *testing.T) {
	for name, root := range map[string]Root{
		"package": {Package, Source, "d"}, "tree": {Tree, Tracked, "d"}, "pattern": {Pattern, Tracked, "d/*.go"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, "d/a.go")
			p := f.poller(root)
			fifo := func() {
				f.remove("d")
				f.check(syscall.Mkfifo(f.path("d"), 0o600))
			}
			between(p, f.path("d"), fifo) // between the look and the reading of names
			f.write("d/new.go", "")
			c := p.Sweep()
			f.want(c.Or(p.Sweep()), root.For, "d/a.go")
			f.want(p.Sweep(), root.For, "")
			f.remove("d")
			f.write("d/a.go", "back")
			f.want(p.Sweep(), root.For, "d/a.go")
			f.want(p.Sweep(), root.For, "")
		})
	}
}
