package job

import (
	"context"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/gotool"
)

// Builds that changes overtake begin again when nothing changes any more, or after two seconds; after ten seconds one is let
// finish.
func TestPace(t *testing.T) {
	building := func() *Job {
		j := &Job{Kind: Building, Recipe: new(gotool.Recipe)}
		j.Context, j.Cancel = context.WithCancel(context.Background())
		return j
	}
	now := time.Now()
	var p Pace
	p.Overtake(nil, now)
	if !p.Ready(false) || p.Starved() {
		t.Error("a change waits, though nothing is being built")
	}
	for _, other := range []func(*Job){
		func(j *Job) { j.Kind = Listing },
		func(j *Job) { j.Kind = Generating },
		func(j *Job) { j.Recipe.Build = []string{"make"} },
	} {
		j := building()
		other(j)
		if p.Overtake(j, now); j.Cancelled() || !p.Ready(false) {
			t.Errorf("%s by %v was overtaken", j.Kind, j.Recipe.Build)
		}
	}
	again := building()
	again.Kind, again.Again = Listing, true
	if p.Overtake(again, now); !again.Cancelled() || !p.Ready(false) {
		t.Error("a listing that is tried again keeps a build waiting")
	}
	j := building()
	p.Overtake(j, now)
	if !j.Cancelled() || p.Ready(false) || !p.Ready(true) || p.Starved() {
		t.Errorf("overtaken %t, ready %t, starved %t", j.Cancelled(), p.Ready(false), p.Starved())
	}
	if p.Settle(now.Add(-patience - time.Second)); !p.Ready(false) {
		t.Error("it waits for ever")
	}
	if p.Begun(); !p.Ready(false) {
		t.Error("what has begun still waits")
	}

	p.Useful()
	p.Useless(now.Add(-hunger - time.Second)) // the first of many
	p.Useless(now)
	j = building()
	if p.Overtake(j, now); j.Cancelled() || !p.Starved() {
		t.Error("no build is ever let finish")
	}
	p.Useful()
	if p.Overtake(j, now); !j.Cancelled() || p.Starved() {
		t.Error("a build of yesterday is let finish")
	}
}
