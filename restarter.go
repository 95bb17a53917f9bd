package restarter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

// ExitCode is what a child exits with to be launched again: EX_TEMPFAIL of
// sysexits.h, "temporary failure; user is invited to retry".
const ExitCode = 75

// ErrChanged is the cause of a context that was ended by [NotifyContext]:
// errors.Is(context.Cause(ctx), ErrChanged). The text of the cause goes on to say
// what changed.
var ErrChanged = errors.New("restarter: time to restart")

// variable is the one thing that a parent adds to the environment of its child.
const variable = "RESTARTER"

type role int

const (
	alone  role = iota // RESTARTER=off
	parent             // started by somebody else
	child              // started by LaunchChild
)

type identity struct {
	role role
	ppid int    // child: the process id of the parent
	dir  string // child: the private directory
}

// me is evaluated once, before any init function and main.
var me = roleOf(os.Getenv(variable), os.Getppid(), abandoned)

// roleOf says what this process is. The parent's pid in the variable must be ours, since
// a program started by the child inherits the variable and is a parent of its own. A child
// whose parent died before this line was reached is still a child: it has to leave, not to
// found a family.
func roleOf(value string, ppid int, abandoned func(pid int, dir string) bool) identity {
	if value == "off" {
		return identity{role: alone}
	}
	number, dir, ok := strings.Cut(value, ":")
	pid, err := strconv.Atoi(number)
	if !ok || err != nil || pid <= 0 || !filepath.IsAbs(dir) {
		return identity{role: parent}
	}
	if pid != ppid && !abandoned(pid, dir) {
		return identity{role: parent}
	}
	return identity{role: child, ppid: pid, dir: dir}
}

// abandoned reports whether the parent pid is dead and has left its private directory. Its
// number alone does not tell: in a container it may be another's, or nobody's.
func abandoned(pid int, dir string) bool {
	if alive(pid) || !isPrivate(dir) {
		return false
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err == nil {
		lock.Close()
	}
	return err == nil
}

// IsParent reports whether this process is the one that is to call [LaunchChild]. It is
// false in the child, and false under RESTARTER=off, where main just runs.
func IsParent() bool { return me.role == parent }

// IsChild reports whether this process was started by [LaunchChild].
func IsChild() bool { return me.role == child }

// In the child, restart makes due true, then ends turned. Both stay as they are elsewhere.
var (
	due          atomic.Bool
	turned, turn = context.WithCancelCause(context.Background())
)

// restart tells the program to leave, and why. Only the first reason counts.
func restart(reason string) {
	due.Store(true)
	turn(fmt.Errorf("%w: %s", ErrChanged, reason))
}

// ShouldRestart reports whether the child is to clean up and exit with [ExitCode]: its
// successor is built, or its parent is gone. Once true it stays true. It is an atomic
// load, to be called as often as you like, from any goroutine; outside a child it is
// always false.
func ShouldRestart() bool { return due.Load() }

// NotifyContext returns a copy of parent that ends when [ShouldRestart] becomes true, when
// parent ends, or when the returned function is called, whichever comes first. In the first
// case its [context.Cause] is [ErrChanged] and says what changed. As with
// [os/signal.NotifyContext], call the function when you are done with the context.
//
// Outside a child nothing but parent and the function ever end it: a program that waits for
// nothing else would wait for ever there. Give it a parent that ends on a signal.
func NotifyContext(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	forget := context.AfterFunc(turned, func() { cancel(context.Cause(turned)) })
	return ctx, func() {
		forget()
		cancel(nil)
	}
}

// LaunchChild is new(Launcher).LaunchChild().
func LaunchChild() int { return new(Launcher).LaunchChild() }
