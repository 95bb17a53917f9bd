//go:build !linux

package system

// A handle of a process tells nothing on this system.
type handle struct{}

func (handle) open(int)          {}
func (handle) close()            {}
func (handle) code() (int, bool) { return 0, false }

// Self leads to the file of the executable that runs, on Linux.
const Self = ""
