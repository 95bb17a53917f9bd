//go:build unix && !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package system

// ClosesOnExec is always false: the standard library has no way to ask on this system.
func ClosesOnExec(int) bool { return false }
