//go:build !unix

package e2e

import (
	"errors"
	"os"
)

func exitCode(state *os.ProcessState) int { return state.ExitCode() }

// terminate cannot be had: a process has no signal that another could send.
func terminate(p *os.Process) error { return errors.New("no signals here") }
