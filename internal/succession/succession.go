// Package succession keeps account of programs: which one runs or is going to, which ran before, and what is known of
// them.
//
// A program is an executable, with the content ID that tells it from others. Whether it is what the sources build is
// not known at first; the sources may build the same program with another content ID (go run links differently), which is
// then its alias. A program that was offered as a successor may be rejected: then the account is that of the one
// that runs, as before.
//
// It knows nothing of processes, of files, or of how programs are built.
package succession

import "time"

// A Program is one to run.
type Program struct {
	Exe    string // the executable
	ID     string // its content ID
	Reason string // what changed
	Seen   time.Time
	Number int    // of the offer: the same executable may be offered again
	Back   string // the content ID of the program that still runs, if this is the same: an edit was taken back
}

// known is what is known of a program.
type known struct {
	Program
	alias  string // the content ID by which our recipe builds it
	proved bool   // it is what its sources build
	tried  bool   // that could not be found out, and will not be tried again before a change
}

// An Account belongs to one goroutine.
type Account struct {
	current  known  // runs, or is going to
	running  known  // runs, while another was offered
	offered  bool   // another was offered
	anew     bool   // not only because sources were edited: running has to be launched anew
	offers   int    // how many were
	deployed string // the content ID of the executable that the parent was started from
	refused  string // that of a successor that has failed beside the child
}

// New returns an account of the program that the parent was started from.
func New(exe, id string) Account {
	return Account{current: known{Program: Program{Exe: exe, ID: id}}, deployed: id}
}

// Current returns the program that runs, or is going to.
func (a *Account) Current() Program { return a.current.Program }

// Runs returns the executable of the program that runs.
func (a *Account) Runs() string {
	if a.offered {
		return a.running.Exe
	}
	return a.current.Exe
}

// Same reports whether an executable that our recipe has built is the current program.
func (a *Account) Same(id string) bool { return a.current.is(id) }

func (k *known) is(id string) bool { return id == k.ID || id == k.alias }

// Proved reports whether the current program is known to be what the sources build, or known not to be any more: then
// there is nothing to compare.
func (a *Account) Proved() bool { return a.current.proved }

// Unproved reports whether that is still to be found out.
func (a *Account) Unproved() bool { return !a.current.proved && !a.current.tried }

// Prove notes that the sources build the current program; by our recipe it has that content ID.
func (a *Account) Prove(id string) { a.current.proved, a.current.alias = true, id }

// Tried notes that it could not be found out what the sources build.
func (a *Account) Tried() { a.current.tried = true }

// TryAgain notes that it may be found out now.
func (a *Account) TryAgain() { a.current.tried = false }

// Built makes a program that was built from the sources the next to run.
func (a *Account) Built(next Program) Program {
	if a.offered && !a.anew && a.running.is(next.ID) {
		next.Back = a.running.ID
	}
	next = a.offer(next)
	a.current.proved, a.current.alias = true, ""
	return next
}

// Deployed makes the executable that somebody has put in the place of the first the next to run. The next change compares
// it with what the sources build.
func (a *Account) Deployed(next Program) Program {
	next = a.Again(next)
	a.current.proved, a.current.tried, a.current.alias = false, true, ""
	a.deployed = next.ID
	return next
}

// WasDeployed reports whether an executable in the place of the first is nothing new.
func (a *Account) WasDeployed(id string) bool { return id == a.deployed || a.Same(id) }

// Again makes the current program the next to run, by the executable of next, and returns it with its number.
func (a *Account) Again(next Program) Program {
	next = a.offer(next)
	a.anew = true
	return next
}

func (a *Account) offer(next Program) Program {
	if !a.offered {
		a.offered, a.anew, a.running = true, false, a.current
	}
	a.offers++
	next.Number = a.offers
	a.current.Program = next
	return next
}

// Launched notes that a program runs. A newer one may have been offered already.
func (a *Account) Launched(run Program) {
	switch a.offered = a.current.Number != run.Number; {
	case !a.offered && a.current.ID != run.ID: // the executable has just been replaced
		a.current, a.deployed = known{Program: run, tried: true}, run.ID
	case !a.offered:
	case a.current.Exe == run.Exe:
		a.running = a.current
		a.running.Program = run
	default:
		a.running = known{Program: run, tried: true}
	}
}

// NothingRuns notes that the program has ended.
func (a *Account) NothingRuns() { a.offered = false }

// Beside notes that a successor runs beside the program: what failed before does not count any more.
func (a *Account) Beside() { a.refused = "" }

// Reject notes that a successor has failed beside the program, whose executable is exe now. It reports false if a newer
// successor was offered meanwhile.
func (a *Account) Reject(s Program, exe string) bool {
	a.running.Exe = exe
	if a.current.Number != s.Number {
		return false
	}
	a.current, a.offered, a.refused = a.running, false, s.ID
	a.current.tried = true
	return true
}

// TakeBack notes that the program which runs keeps running, since that is what the sources build again: they have built
// s. It reports false if a newer successor was offered meanwhile.
func (a *Account) TakeBack(s Program) bool {
	if a.current.Number != s.Number {
		return false
	}
	a.current, a.offered = a.running, false
	a.Prove(s.ID)
	return true
}

// Refused returns the content ID of the successor that has failed last, or "".
func (a *Account) Refused() string { return a.refused }

// FellBack notes that an older program runs, because the current one cannot be started.
func (a *Account) FellBack(older Program) {
	a.current, a.offered = known{Program: older, tried: true}, false
}
