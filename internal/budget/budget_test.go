package budget

import (
	"testing"
	"time"
)

// Ten relaunches are free, and one for each second of life; then the pauses double, or are a hundred
// times what the child has cost.
func TestBudget(t *testing.T) {
	b := New()
	now := time.Now()
	for i := 0; i < freeRelaunches; i++ {
		if pause := b.Spend(now, time.Second); pause != 0 {
			t.Fatalf("relaunch %d waits for %v", i, pause)
		}
	}
	for _, want := range []time.Duration{25, 50, 100, 200} {
		if pause := b.Spend(time.Now(), 0); pause != want*time.Millisecond {
			t.Errorf("the pause is %v, want %v ms", pause, want)
		}
	}
	if pause := b.Spend(time.Now(), 20*time.Millisecond); pause != 2*time.Second {
		t.Errorf("after 20 ms of the processor the pause is %v", pause)
	}
	for i := 0; i < 20; i++ {
		if pause := b.Spend(time.Now(), 0); pause > longestPause {
			t.Fatal(pause)
		}
	}
	// One that has lived for three seconds has earned three, after which it waits from the start.
	for i := 0; i < 3; i++ {
		lived := 0
		if i == 0 {
			lived = 3
		}
		if pause := b.Spend(time.Now().Add(-time.Duration(lived)*time.Second), 0); pause != 0 {
			t.Errorf("relaunch %d after three seconds waits for %v", i, pause)
		}
	}
	if pause := b.Spend(time.Now(), 0); pause != shortestPause {
		t.Errorf("the pause is %v", pause)
	}
	b.Refill()
	if pause := b.Spend(time.Now(), 0); pause != 0 {
		t.Errorf("after a change it waits for %v", pause)
	}
}
