//go:build !unix

package e2e

import (
	"os"
	"testing"
	"time"
)

const stopCode = 1

var signalsToCatch = []os.Signal{os.Interrupt}

func stop(t testing.TB, pid int) {
	t.Helper()
	t.Skip("a process has no signal that another could send")
}

func childrenTime() time.Duration { return 0 }

func signalOf(number int) os.Signal { return os.Kill }

func withoutForks(f func()) { f() }

var stopsOfOverlap = []os.Signal{os.Interrupt}

func kill(t testing.TB, pid string) { t.Skip("the process in charge cannot be ended from outside") }
