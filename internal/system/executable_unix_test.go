//go:build unix && !(solaris || aix)

package system

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Nobody writes to the FIFO: the answer does not wait for that.
func TestCheckExecutableOfAFIFO(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o700); err != nil {
		t.Skip(err)
	}
	wantRefused(t, "a FIFO", name, Machine(executable(t)), "is not a regular file")
	if got := Machine(name); got != "" {
		t.Errorf("a FIFO is for %q", got)
	}
}
