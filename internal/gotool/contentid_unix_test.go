//go:build unix && !(solaris || aix)

package gotool

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Nobody writes to the FIFO: the answer does not wait for that.
func TestContentIDOfAFIFO(t *testing.T) {
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	if id, err := ContentID(name); err == nil || id != "" {
		t.Errorf("ID %q, error %v", id, err)
	}
}

// A device may have no end.
func TestContentIDOfADevice(t *testing.T) {
	for _, name := range []string{"/dev/null", "/dev/zero"} {
		if id, err := ContentID(name); err == nil || id != "" {
			t.Errorf("%s has ID %q, error %v", name, id, err)
		}
	}
}
