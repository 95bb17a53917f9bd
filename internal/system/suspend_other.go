//go:build !linux

package system

import "os"

// The standard library has no way here to learn that a child is stopped. Ctrl-Z stops this process, too, and each of
// the two goes its own way.

func JobControl() bool { return false }

func NotifySuspend(chan<- os.Signal) {}

func Suspend() {}

func (*Process) AwaitStop() bool { return false }

func (*Process) TakeStop() bool { return false }

func (*Process) Continue() {}
