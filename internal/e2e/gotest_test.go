package e2e

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// A test that calls main runs it once, in its own process: neither go test nor the test binary under
// any name is a parent.
func TestTestThatCallsMain(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", `package main

import (
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	fmt.Println("main runs, child", restarter.IsChild(), "restart", restarter.ShouldRestart())
}
`, "main_test.go", `package main

import "testing"

func TestMainRuns(t *testing.T) {
	done := make(chan bool)
	go func() { // as a test of a server does
		main()
		close(done)
	}()
	<-done
}
`, "outside_test.go", `package main_test

import (
	"fmt"
	"testing"

	"github.com/lib537/restarter"
)

func TestRole(t *testing.T) { fmt.Println("parent", restarter.IsParent(), "child", restarter.IsChild()) }
`)
	binary := filepath.Join(t.TempDir(), "renamed.exe")
	m.goTool(nil, "test", "-c", "-o", binary)
	for name, cmd := range map[string]*exec.Cmd{
		"go test":          m.tool("test", "-v", "-count=1", "."),
		"go test -cover":   m.tool("test", "-v", "-count=1", "-cover", "."),
		"the binary":       exec.Command(binary, "-test.v"),
		"the binary alone": exec.Command(binary, "-test.count=1"),
		"by another name":  exec.Command(binary),
	} {
		t.Run(name, func(t *testing.T) {
			cmd.Dir = m.dir
			p := start(t, cmd)
			if code := p.exit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			p.drain()
			p.expect(1, "^main runs, child false restart false$")
			p.expect(1, "^parent false child false$")
			p.expect(0, "^restarter: ")
		})
	}
}
