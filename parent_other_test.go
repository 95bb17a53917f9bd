//go:build !unix

package restarter

import (
	"testing"
	"time"
)

const stopCode = 1

func stop(t *testing.T, pid int) {
	t.Helper()
	t.Skip("a process has no signal that another could send")
}

func childrenTime() time.Duration { return 0 }
