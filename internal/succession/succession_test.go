package succession

import "testing"

func offered(id string) Program { return Program{Exe: "/built/" + id, ID: id} }

// What was proved of a program holds until another is offered.
func TestProof(t *testing.T) {
	a := New("/app", "app")
	if a.Proved() || !a.Unproved() {
		t.Fatal("it is known from the start what the sources build")
	}
	a.Tried()
	if a.Proved() || a.Unproved() || a.Same("alias") {
		t.Error("a failed attempt is taken for a proof, or is made again")
	}
	if a.TryAgain(); !a.Unproved() {
		t.Error("it is not tried again")
	}
	a.Prove("alias")
	if !a.Proved() || !a.Same("app") || !a.Same("alias") || a.Same("other") {
		t.Error("the proof is forgotten, or the alias is")
	}
	a.Again(Program{Exe: "/copy", ID: "app"})
	if !a.Proved() || !a.Same("alias") {
		t.Error("the same program, launched again, is not known any more")
	}
	a.Built(offered("new"))
	if !a.Proved() || a.Same("app") || a.Same("alias") || !a.Same("new") {
		t.Error("what was known of the old program is said of the new one")
	}
	a.Deployed(Program{Exe: "/app", ID: "deploy"})
	if a.Proved() || a.Unproved() || a.Same("new") || !a.WasDeployed("deploy") || a.WasDeployed("app") {
		t.Error("a deploy is taken for what the sources build")
	}
}

// A successor that fails beside the program leaves everything as it was, but is known to have failed.
func TestReject(t *testing.T) {
	a := New("/app", "app")
	a.Prove("alias")
	first := a.Built(offered("first"))
	if a.Runs() != "/app" || a.Current().Exe != "/built/first" {
		t.Errorf("%s runs, %s is going to", a.Runs(), a.Current().Exe)
	}
	second := a.Built(offered("second")) // offered before the first was started
	if a.Reject(first, "/app") {
		t.Error("the second is rejected with the first")
	}
	if !a.Reject(second, "/spare") {
		t.Error("the second is not rejected")
	}
	if current := a.Current(); current.Exe != "/spare" || current.ID != "app" || a.Runs() != "/spare" || !a.Same("alias") || !a.Proved() {
		t.Errorf("afterwards %+v runs, the same as before: %t", current, a.Same("alias"))
	}
	if a.Refused() != "second" {
		t.Errorf("refused is %q", a.Refused())
	}
	if a.Beside(); a.Refused() != "" {
		t.Error("the next one has failed before it was started")
	}
}

// After a successor was rejected nothing is built before the next change.
func TestNothingIsTriedAfterReject(t *testing.T) {
	a := New("/app", "app")
	if a.Reject(a.Built(offered("new")), "/app"); a.Proved() || a.Unproved() {
		t.Error("it would be built again at once")
	}
}

// A program may be launched while a newer one is offered already: if that fails, the former is what runs.
func TestLaunched(t *testing.T) {
	a := New("/app", "app")
	first := a.Built(offered("first"))
	second := a.Built(offered("second"))
	a.Launched(first)
	if a.Runs() != first.Exe || a.Current() != second {
		t.Errorf("%s runs, %+v is going to", a.Runs(), a.Current())
	}
	a.Reject(second, first.Exe)
	if a.Current().ID != "first" || a.Proved() {
		t.Errorf("%+v runs, proved %t", a.Current(), a.Proved())
	}
	third := a.Built(offered("third"))
	a.Launched(third)
	if again := a.Again(Program{Exe: third.Exe, ID: "third"}); again.Number == third.Number {
		t.Error("the same program, offered again, cannot be told from itself")
	} else if a.Reject(again, third.Exe); a.Current().ID != "third" || !a.Proved() {
		t.Errorf("%+v runs, proved %t", a.Current(), a.Proved())
	}
	a.FellBack(Program{Exe: "/app", ID: "app"})
	if a.Current().Exe != "/app" || a.Proved() || a.Unproved() || a.Same("third") {
		t.Errorf("after the fall back %+v runs", a.Current())
	}
	a.NothingRuns()
	if a.Runs() != "/app" {
		t.Errorf("%s runs", a.Runs())
	}
}

// An executable that is launched again may have been replaced just before.
func TestLaunchedAsItIs(t *testing.T) {
	a := New("/app", "app")
	a.Prove("alias")
	a.Launched(Program{Exe: "/app", ID: "deploy"})
	if a.Current().ID != "deploy" || !a.WasDeployed("deploy") || a.Same("alias") || a.Proved() || a.Unproved() {
		t.Errorf("%+v runs, which was deployed: %t, is what the sources build: %t", a.Current(), a.WasDeployed("deploy"), a.Proved())
	}
}

// If the sources build again what still runs while another was offered, that is noted on the offer, and it may stay.
func TestTakeBack(t *testing.T) {
	a := New("/app", "app")
	a.Prove("alias")
	if first := a.Built(offered("first")); first.Back != "" {
		t.Errorf("the first is what runs already: %q", first.Back)
	}
	back := a.Built(offered("alias"))
	if back.Back != "app" {
		t.Errorf("the edit was taken back, but the offer says %q", back.Back)
	}
	newer := a.Built(offered("newer"))
	if a.TakeBack(back) || a.Current() != newer {
		t.Error("a newer offer is taken back as well")
	}
	if !a.TakeBack(a.Built(offered("app"))) || a.Current().Exe != "/app" || a.Runs() != "/app" || !a.Same("app") || a.Same("newer") || !a.Proved() {
		t.Errorf("afterwards %+v runs, proved %t", a.Current(), a.Proved())
	}
	if a.Refused() != "" {
		t.Error("something has failed")
	}
	// What it reads has changed as well: it has to be launched anew.
	a.Again(Program{Exe: "/app", ID: "app"})
	a.Built(offered("second"))
	if back := a.Built(offered("app")); back.Back != "" {
		t.Errorf("it may stay, though what it reads has changed: %q", back.Back)
	}
	// What was launched is another one by now.
	a.Launched(a.Built(offered("third")))
	a.Built(offered("fourth"))
	if back := a.Built(offered("app")); back.Back != "" {
		t.Errorf("what ran long ago is taken for what runs: %q", back.Back)
	}
	if back := a.Built(offered("third")); back.Back != "third" {
		t.Errorf("the offer says %q", back.Back)
	}
}
