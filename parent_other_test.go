//go:build !unix

package restarter

import (
	"os"
	"testing"
	"time"
)

const stopCode = 1

func stop(t *testing.T, pid int) {
	t.Helper()
	t.Skip("a process has no signal that another could send")
}

func childrenTime() time.Duration { return 0 }

func signalOf(number int) os.Signal { return os.Kill }
