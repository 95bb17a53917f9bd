//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package system

import "syscall"

const getTermios, setTermios = syscall.TIOCGETA, syscall.TIOCSETA
