//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package watch

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// What goes through a pipe or a socket is no content, and that one is there is no reason to restart.
func TestPipesAndSockets(t *testing.T) {
	dir, err := os.MkdirTemp("", "s") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f := folder{t, dir}
	f.write("a", "a")
	if err := syscall.Mkfifo(f.path("pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	p := f.poller(Root{Tree, Tracked, ""}, Root{Pattern, Tracked, "pipe"})
	f.check(os.Chtimes(f.path("pipe"), time.Now(), time.Now().Add(-time.Minute)))
	f.want(p.Sweep(), Tracked, "")
	ln, err := net.Listen("unix", f.path("socket"))
	if err != nil {
		t.Skip(err)
	}
	defer ln.Close()
	f.check(syscall.Mkfifo(f.path("other"), 0o600))
	f.want(p.Sweep(), Tracked, "")
	f.write("a", "b")
	f.want(p.Sweep(), Tracked, "a")
}
