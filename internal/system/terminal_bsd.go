//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package system

import "syscall"

const getTermios, setTermios = syscall.TIOCGETA, syscall.TIOCSETA

// canHoldTTOU is false: the standard library has no way to block a signal here. A child that led a
// process group of its own on the terminal leaves that in the foreground.
const canHoldTTOU = false

func holdTTOU() (done func()) { return func() {} }

// leadsSession is not known here.
func leadsSession() bool { return false }
