//go:build unix

package e2e

import (
	"os"
	"syscall"
)

// exitCode is what a shell would report: 128+n for death by signal n.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// terminate tells a process to leave, as every service manager does.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
