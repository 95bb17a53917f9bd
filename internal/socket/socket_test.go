package socket

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

// hold keeps a new socket for a child.
func hold(t *testing.T, h *Held, network, address string, child any) *Socket {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Skip(err)
	}
	f, ok := ln.(interface{ File() (*os.File, error) })
	if !ok {
		t.Skipf("a %T has no file", ln)
	}
	file, err := f.File()
	if err != nil {
		t.Skip(err)
	}
	if u, ok := ln.(interface{ SetUnlinkOnClose(bool) }); ok {
		u.SetUnlinkOnClose(false)
	}
	n := Absolute(network, address).BoundTo(ln.Addr())
	ln.Close()
	return h.Keep(n, file, child, time.Second)
}

// The same network and address find the socket again, unless it is in use.
func TestFind(t *testing.T) {
	var h Held
	defer h.Close()
	a := hold(t, &h, "tcp", "127.0.0.1:0", "old")
	b := hold(t, &h, "tcp", "127.0.0.1:0", "old")
	for _, test := range []struct {
		network, address string
		inUse            []string
		want             *Socket
	}{
		{"tcp", "127.0.0.1:0", nil, a},
		{"tcp", "127.0.0.1:0", []string{a.Number}, b},
		{"tcp", "127.0.0.1:0", []string{a.Number, b.Number}, nil},
		{"tcp4", "127.0.0.1:0", nil, nil},
		{"tcp", ":0", nil, nil},
	} {
		if got := h.Find("new", 0, test.network, test.address, test.inUse); got != test.want {
			t.Errorf("%s %s, in use %v: %v", test.network, test.address, test.inUse, got)
		}
	}
}

// When a child has ended, what nobody has asked for is closed, if the child had enough time to ask for it: twice that of
// the one that last did.
func TestForget(t *testing.T) {
	var h Held
	defer h.Close()
	lost := hold(t, &h, "tcp", "127.0.0.1:0", "old")
	shared := hold(t, &h, "tcp", "localhost:0", "old")
	h.Find("new", time.Second, "tcp", "localhost:0", nil) // while both run
	h.Forget("old", Forever)
	if h.Asked("old") || !h.Asked("new") || len(h.all) != 2 {
		t.Errorf("%d sockets, asked for by the old %t, by the new %t", len(h.all), h.Asked("old"), h.Asked("new"))
	}
	for _, had := range []time.Duration{0, time.Second, 2 * time.Second} {
		if h.Forget("new", had); len(h.all) != 2 {
			t.Errorf("a child that had %v has its sockets closed", had)
		}
	}
	// The next one is slower, and asks again when it has long begun.
	h.Find("slow", time.Minute, "tcp", "127.0.0.1:0", nil)
	h.Find("slow", time.Hour, "tcp", "127.0.0.1:0", nil)
	h.Forget("slow", 0)
	h.Find("third", time.Hour, "tcp", "localhost:0", nil)
	if h.Forget("third", 2*time.Minute); len(h.all) != 2 {
		t.Errorf("%d sockets are left after a child that was no slower", len(h.all))
	}
	h.Find("last", 0, "tcp", "localhost:0", nil)
	if h.Forget("last", 3*time.Minute); len(h.all) != 1 || h.all[0] != shared {
		t.Errorf("%d sockets are left, %s among them: %t", len(h.all), lost.Number, slices.Contains(h.all, lost))
	}
}

// What has the port of another address is in its way.
func TestMakeWay(t *testing.T) {
	var h Held
	defer h.Close()
	k := hold(t, &h, "tcp", "127.0.0.1:0", "old")
	_, port, err := net.SplitHostPort(k.Bound)
	if err != nil {
		t.Fatal(err)
	}
	hold(t, &h, "tcp", "127.0.0.1:0", nil)
	if !h.InTheWay("old", "tcp", ":"+port, nil) || h.InTheWay("new", "tcp", ":"+port, nil) || h.InTheWay("old", "tcp", ":"+port, []string{k.Number}) {
		t.Error("in the way of another, or not")
	}
	if n := h.MakeWay("tcp", ":"+port, []string{k.Number}); n != 0 {
		t.Errorf("closed %d that are in use", n)
	}
	if n := h.MakeWay("tcp", ":"+port, nil); n != 1 || len(h.all) != 1 {
		t.Errorf("closed %d, %d are left", n, len(h.all))
	}
	ln, err := net.Listen("tcp", k.Bound)
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}

// The file of a Unix socket goes with it, unless it is another file by then.
func TestUnixFile(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
		t.Skip("no such files")
	}
	dir, err := os.MkdirTemp("", "s") // a name may have some hundred bytes only
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	var h Held
	hold(t, &h, "unix", path, nil)
	if h.Find("new", 0, "unix", path, nil) == nil {
		t.Fatal("not found")
	}
	h.Close()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is left")
	}
	hold(t, &h, "unix", path, nil)
	os.Remove(path)
	if h.Find("new", 0, "unix", path, nil) != nil {
		t.Error("clients cannot reach it")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Error("another file was removed")
	}
}

// What a child has opened that then fails beside another is closed, unless the other uses it.
func TestRefuse(t *testing.T) {
	var h Held
	defer h.Close()
	old := hold(t, &h, "tcp", "127.0.0.1:0", "old")
	kept := hold(t, &h, "tcp", "localhost:0", nil) // which nobody has asked for yet
	hold(t, &h, "tcp4", "127.0.0.1:0", "new")
	shared := hold(t, &h, "tcp", "127.0.0.1:0", "new")
	h.Find("new", 0, "tcp", "localhost:0", nil)
	h.Find("old", 0, "tcp", "127.0.0.1:0", []string{old.Number})
	h.Refuse("new")
	if len(h.all) != 3 || h.all[0] != old || h.all[1] != kept || h.all[2] != shared || h.Asked("new") {
		t.Errorf("%d sockets are left, asked for by the new %t", len(h.all), h.Asked("new"))
	}
}

// A child that asks for some sockets may try to open another one by itself.
func TestNotAsked(t *testing.T) {
	var h Held
	defer h.Close()
	hold(t, &h, "tcp", "127.0.0.1:0", "old")
	k := hold(t, &h, "tcp", "localhost:0", "old")
	if name := h.NotAsked("new"); name != "" {
		t.Errorf("%s, though it has asked for nothing", name)
	}
	h.Find("new", 0, "tcp", "127.0.0.1:0", nil)
	if name := h.NotAsked("new"); name != "tcp "+k.Bound {
		t.Error(name)
	}
	if name := h.NotAsked("old"); name != "" {
		t.Error(name)
	}
}

// A relative path is that of the current directory when it was asked for; nothing else is a path.
func TestAbsolute(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ network, address, want string }{
		{"unix", "s", filepath.Join(dir, "s")},
		{"unixpacket", filepath.Join(dir, "s"), filepath.Join(dir, "s")},
		{"unix", "@s", "@s"},
		{"unix", "", ""},
		{"tcp", "localhost:80", "localhost:80"},
	} {
		if got := Absolute(test.network, test.address); got.Address != test.want || got.Network != test.network {
			t.Errorf("%s %q is %+v", test.network, test.address, got)
		}
	}
}
