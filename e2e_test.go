package restarter

import "testing"

// report is a program that says what it is whenever a line comes on standard input, until
// it is told to restart.
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

func TestEditRestarts(t *testing.T) {
	m := newModule(t, "main.go", report)
	p := m.start()
	p.await("^version 1 ")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^version 2 ")
}
