//go:build unix

package system

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestFileID(t *testing.T) {
	dir := t.TempDir()
	a, b, link := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link")
	for _, name := range []string{a, b} {
		check(t, os.WriteFile(name, []byte("1"), 0o600))
	}
	check(t, os.Link(a, link))
	id := func(name string) uint64 {
		info, err := os.Stat(name)
		check(t, err)
		_, id := FileID(info)
		return id
	}
	if id(a) == 0 {
		t.Skip("this system does not tell")
	}
	if id(a) != id(link) || id(a) == id(b) || id(a) == id(dir) {
		t.Errorf("a is %d, its other name %d, b is %d, the directory %d", id(a), id(link), id(b), id(dir))
	}
	// The time of a change can be put back only by the system.
	before, err := os.Stat(a)
	check(t, err)
	for again := true; again; {
		check(t, os.Chmod(a, 0o600))
		check(t, os.Chtimes(a, before.ModTime(), before.ModTime()))
		info, err := os.Stat(a)
		check(t, err)
		was, _ := FileID(before)
		is, _ := FileID(info)
		again = is == was // as long as the clock of the file system has not moved
	}
}

func TestStderrIsAnotherDescriptor(t *testing.T) {
	f := Stderr()
	if f == nil {
		t.Skip("there is no standard error")
	}
	if f.Fd() == 2 {
		t.Error("it is standard error itself")
	}
	if runtime.GOOS == "linux" && !ClosesOnExec(int(f.Fd())) {
		t.Error("a child would inherit it")
	}
	check(t, f.Close())
	if g := Stderr(); g == nil {
		t.Error("standard error was closed")
	} else {
		g.Close()
	}
}
