package system

import (
	"path/filepath"
	"strings"
	"testing"
)

// A lock is of one process, until that ends or lets go of it.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	tries := func() (string, func()) {
		t.Helper()
		line, end := firstLine(t, command(t, "lock", name))
		return strings.TrimSpace(line), end
	}
	first, end := tries()
	if first != "locked" {
		t.Error(first)
	}
	if second, _ := tries(); !strings.Contains(second, name) {
		t.Errorf("a second process: %s", second)
	}
	if f, err := Lock(name); err == nil {
		f.Close()
		t.Error("this process has it, too")
	}
	end()
	f, err := Lock(name)
	check(t, err)
	if again, _ := tries(); again == "locked" {
		t.Error("another process has the lock of this one")
	}
	f.Close()
	if last, _ := tries(); last != "locked" {
		t.Error(last)
	}
	if f, err := Lock(filepath.Join(name, "below")); err == nil {
		f.Close()
		t.Error("what cannot be opened was locked")
	}
}
