package system

import (
	"errors"
	"os/exec"
	"time"
)

// A Process is a command that was started, and can tell how it ended even if something else
// in this process has waited for it, as programs do that reap every child in a container.
type Process struct {
	*exec.Cmd
	handle handle
}

// Start starts a command.
func Start(cmd *exec.Cmd) (*Process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Cmd: cmd}
	p.handle.open(cmd.Process.Pid)
	return p, nil
}

// ErrUnknown means that the process has ended, and that its exit code is lost.
var ErrUnknown = errors.New("something else in this process has waited for the command, so its exit code is lost")

// Wait waits for the command to end and returns its exit code as a shell reports it: 128+n
// for death by signal n.
func (p *Process) Wait() (code int, err error) {
	defer p.handle.close()
	err = p.Cmd.Wait()
	if p.ProcessState != nil {
		if errors.Is(err, exec.ErrWaitDelay) {
			err = nil // it has left something running that holds its output
		}
		if _, failed := err.(*exec.ExitError); failed {
			err = nil
		}
		return stateCode(p.ProcessState), err
	}
	if !stolen(err) {
		return 1, err
	}
	if code, ok := p.handle.code(); ok {
		return code, nil
	}
	return 1, ErrUnknown
}

// CPU returns the processor time that the process has taken, once it has ended, 0 if unknown.
func (p *Process) CPU() time.Duration {
	if p.ProcessState == nil {
		return 0
	}
	return p.ProcessState.UserTime() + p.ProcessState.SystemTime()
}
