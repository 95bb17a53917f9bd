// Loop asks whether it should restart, and cleans up before it does: start it with
//
//	go run ./examples/loop
//
// and change the greeting.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/lib537/restarter"
)

const greeting = "hello"

func run() {
	for {
		// program logic here
		fmt.Println(greeting, "from process", os.Getpid())
		time.Sleep(time.Second)

		if restarter.ShouldRestart() {
			// shutdown code here
			os.Exit(restarter.ExitCode)
		}
	}
}

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	run()
}
