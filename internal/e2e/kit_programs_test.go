package e2e

// The messages that most tests wait for.
const (
	building   = "^restarter: .* changed; building$"
	restarting = "^restarter: .*built in .*; restarting$"
	same       = "^restarter: the program is the same$"
	failed     = "^restarter: build failed, the old program keeps running$"
	anew       = "^restarter: the running program is not what the sources build; built in .*; restarting$"
)

// debug has the parent say why it does what it does: that it has found, for one, that what runs is
// what its sources build, of which nothing is said otherwise.
const (
	debug  = variable + "=debug"
	proved = "^restarter: debug: the sources build what runs: "
)

// report is a program that says what it is whenever it starts, until it is told to restart.
const report = `package main

import (
	"fmt"
	"os"
	"time"

	"github.com/lib537/restarter"
)

const version = "1"

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	fmt.Println("version", version, "process", os.Getpid())
	for !restarter.ShouldRestart() {
		time.Sleep(5 * time.Millisecond)
	}
	os.Exit(restarter.ExitCode)
}
`

// teller is a program that tells, when it starts, what the function text returns, which
// another file has to define. It repeats that for every line on standard input, and leaves
// with 0 at its end.
const teller = `package main

import (
	"bufio"
	"context"
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	tell := func() { fmt.Println("text", text(), "process", os.Getpid()) }
	tell()
	go func() {
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			tell()
		}
		os.Exit(0)
	}()
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	<-ctx.Done()
	os.Exit(restarter.ExitCode)
}
`

// text is the rest of teller.
const text = `package main

func text() string { return "1" } // one
`

// ask has a teller repeat itself, and returns the process that answers.
func (p *process) ask() (process string) {
	p.t.Helper()
	if _, err := p.stdin.Write([]byte("\n")); err != nil {
		p.t.Fatal(err)
	}
	return p.await("^text .* process (.*)")[1]
}

// leave has a teller end by itself.
func (p *process) leave() {
	p.t.Helper()
	p.stdin.Close()
	if code := p.exit(); code != 0 {
		p.t.Errorf("exit code %d", code)
	}
}
