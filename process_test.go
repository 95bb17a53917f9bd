package restarter

import (
	"testing"
	"time"
)

// Of a child that asked for none of the sockets, it depends whether it could have.
func TestCouldListen(t *testing.T) {
	for _, test := range []struct {
		lived       time.Duration
		told, asked bool
		code        int
		want        bool
	}{
		{0, false, true, ExitCode, true},
		{0, true, true, ExitCode, true},
		{0, false, false, ExitCode, false}, // too quick
		{2 * time.Second, false, false, ExitCode, true},
		{2 * time.Second, false, false, 0, true},
		{2 * time.Second, true, false, ExitCode, false}, // perhaps it was starting
		{time.Minute, true, false, ExitCode, true},
		{time.Minute, false, true, 3, false}, // it failed
		{time.Minute, true, true, 143, true}, // by the signal that told it
	} {
		c := &process{started: time.Now().Add(-test.lived), told: test.told}
		if got := c.couldListen(test.asked, test.code); got != test.want {
			t.Errorf("%+v: %t", test, got)
		}
	}
}
