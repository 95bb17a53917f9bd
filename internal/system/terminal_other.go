//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package system

import "os"

// A Terminal is the controlling terminal. The standard library has no way to its settings
// on this system; all there is to know is whether there is one.
type Terminal struct{}

// OpenTerminal returns the controlling terminal, or nil.
func OpenTerminal() *Terminal {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	f.Close()
	return new(Terminal)
}

func (t *Terminal) IsOurs() bool { return t != nil }

func (*Terminal) IsGone() bool { return false }

func (*Terminal) Restore(int) {}

func (*Terminal) Close() {}

func IsRaw(*os.File) bool { return false }

// SameGroup is always true: this system has no groups, or the standard library cannot tell.
func SameGroup(int) bool { return true }
