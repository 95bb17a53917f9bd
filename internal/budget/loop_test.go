package budget

import (
	"testing"
	"time"
)

// A change in each round is delayed when the free rounds are over, each time for longer, until there is a round
// without, or a change that somebody has made.
func TestLoop(t *testing.T) {
	l := Loop{Free: 3}
	runs := 0
	round := func() time.Duration {
		runs++
		delay, first := l.Round(runs)
		again, second := l.Round(runs) // the same, seen in two pieces
		if !first || second || again != delay {
			t.Errorf("round %d: %v, first %t; its second piece %v, first %t", runs, delay, first, again, second)
		}
		return delay
	}
	for i := 0; i < 3; i++ {
		if delay := round(); delay != 0 {
			t.Errorf("free round %d is delayed by %v", i, delay)
		}
	}
	for want := time.Second; want < longestDelay; want *= 2 {
		if delay := round(); delay != want {
			t.Errorf("delayed by %v, want %v", delay, want)
		}
	}
	for i := 0; i < 100; i++ {
		if delay := round(); delay != longestDelay {
			t.Fatalf("delayed by %v, want %v", delay, longestDelay)
		}
	}
	l.Break()
	if delay := round(); delay != 0 {
		t.Errorf("after somebody's edit it is delayed by %v", delay)
	}
}
