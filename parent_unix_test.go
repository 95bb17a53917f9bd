//go:build unix

package restarter

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// stopCode is the exit code of a parent that stop has stopped while there was no child.
const stopCode = 128 + int(syscall.SIGTERM)

// stop sends a process the signal that every service manager sends.
func stop(t *testing.T, pid int) {
	t.Helper()
	send(t, pid, syscall.SIGTERM)
}

func send(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatalf("kill %d, %v: %v", pid, sig, err)
	}
}

// childrenTime is the processor time of all children that this process has waited for.
func childrenTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func signalOf(number int) os.Signal { return syscall.Signal(number) }
