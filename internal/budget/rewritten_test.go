package budget

import (
	"strings"
	"testing"
	"time"
)

// A file that changes soon after each start is built at once ten times, then after pauses that double. Any other
// change, and one of a program that has run for a while, is somebody's.
func TestRewritten(t *testing.T) {
	var r Rewritten
	child := 0
	start := func(path string, early bool) (pause time.Duration, first bool) {
		child++
		for _, path := range strings.Fields(path) {
			r.Note(path, child, early)
			r.Note(path, child, early) // in two pieces
		}
		return r.Pause(time.Now())
	}
	for i := 0; i < 1+freeRelaunches; i++ {
		if pause, _ := start("a b", true); pause != 0 {
			t.Fatalf("build %d waits for %v", i, pause)
		}
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		pause, first := start("a b", true)
		if pause = pause.Round(time.Second); pause != want*time.Second || !first {
			t.Errorf("the pause is %v, asked for the first time: %t; want %d s", pause, first, want)
		}
		if _, first := r.Pause(time.Now()); first {
			t.Error("it is asked for the first time again")
		}
	}
	if pause, _ := r.Pause(time.Now().Add(-time.Minute)); pause != 0 {
		t.Errorf("a minute later it waits for %v", pause)
	}
	if pause, _ := start("c", true); pause != 0 {
		t.Errorf("another file waits for %v", pause)
	}
	for i := 0; i < 20; i++ {
		start("c", true)
	}
	if pause, _ := start("c", false); pause != 0 {
		t.Errorf("what was saved later waits for %v", pause)
	}
}
