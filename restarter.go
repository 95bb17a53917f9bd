package restarter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/link"
	"github.com/lib537/restarter/internal/start"
	"github.com/lib537/restarter/internal/status"
	"github.com/lib537/restarter/internal/system"
)

// ExitCode is what a child exits with to be launched again: EX_TEMPFAIL of
// sysexits.h, "temporary failure; user is invited to retry".
const ExitCode = 75

// ErrChanged is the cause of a context of [NotifyContext] that ended because the program should
// restart: errors.Is(context.Cause(ctx), ErrChanged). The text of the cause goes on to say what
// changed, or that the parent is gone.
var ErrChanged = errors.New("restarter: time to restart")

// variable is the one thing that a parent adds to the environment of its child.
const variable = "RESTARTER"

// The values of the variable, beside PID:LINE:DIRECTORY, which the parent gives its child.
const (
	off     = "off"
	verbose = "debug"
	claimed = "claimed:" // PID:DIRECTORY of the process that was the child with this variable
)

type role int

const (
	alone  role = iota // RESTARTER=off, or a test binary
	parent             // started by somebody else
	child              // started by LaunchChild
)

type identity struct {
	role role
	line *link.Line // child: to the parent; nil if the child has replaced itself by exec
	dir  string     // child: the private directory
}

// started is what this process was started with. The program may change its own before it asks
// for its role.
var started struct {
	args, env []string
	dir, tmp  string // the working directory, and where temporary files go
}

// me is evaluated once, before main.
var me = identify()

func identify() identity {
	link.FindInherited()
	value := os.Getenv(variable)
	i := roleOf(value, os.Getpid(), os.Getppid(), system.Alive, link.Open)
	switch i.role {
	case parent:
		started.args, started.env, started.dir = slices.Clone(os.Args), start.Environ, start.Dir
		if name := getenv("PWD"); filepath.IsAbs(name) && system.SameFile(name, started.dir) {
			started.dir = name // which may lead through a symbolic link
		}
		started.tmp = os.TempDir()
		if tmp := os.Getenv("GOTMPDIR"); tmp != "" {
			started.tmp = tmp // as go run does it, since the other may be mounted noexec
		}
		if !filepath.IsAbs(started.tmp) && started.dir != "" {
			started.tmp = filepath.Join(started.dir, started.tmp) // wherever the program goes before LaunchChild
		}
	case child:
		// With the number of this process: a program that the child starts has another, and is no child.
		os.Setenv(variable, fmt.Sprintf("%s%d:%s", claimed, os.Getpid(), i.dir))
	}
	return i
}

// roleOf says what a process is. The number in the variable has to be that of the process which
// started this one, if that is alive: a program that the child starts may inherit the variable, and
// is a parent of its own.
func roleOf(value string, pid, ppid int, alive func(int) bool, open func(string) (*link.Line, bool)) identity {
	switch value {
	case off:
		return identity{role: alone}
	}
	if dir, ok := strings.CutPrefix(value, claimed+strconv.Itoa(pid)+":"); ok {
		return identity{role: child, dir: dir}
	}
	if number, rest, ok := strings.Cut(value, ":"); ok {
		name, dir, _ := strings.Cut(rest, ":")
		if n, err := strconv.Atoi(number); err == nil && n > 0 && (n == ppid || !alive(n)) {
			if line, ok := open(name); ok {
				return identity{role: child, line: line, dir: dir}
			}
		}
	}
	return identity{role: parent}
}

// inTest reports whether this is a test binary: a test that calls main must not launch all tests
// again. Whether it is one takes a few milliseconds to find out, so it is only done if there is a sign of it: its name,
// its arguments, or who calls.
func inTest() bool {
	flag := func(arg string) bool { return strings.HasPrefix(arg, "-test.") }
	name := strings.TrimSuffix(started.args[0], ".exe")
	sign := strings.HasSuffix(name, ".test") || slices.ContainsFunc(started.args, flag) || !gotool.CalledByMain()
	return sign && isTest()
}

// This module's own end-to-end tests do launch themselves.
var isTest = sync.OnceValue(func() bool {
	exe, err := os.Executable()
	return err == nil && gotool.Mentions(exe, "testing", "(*M).Run") &&
		!gotool.Mentions(exe, packagePath()+"/internal/e2e", "TestMain")
})

// packagePath is the import path of this package, wherever it was copied to.
func packagePath() string { return reflect.TypeOf(Launcher{}).PkgPath() }

// IsParent reports whether this process must call [LaunchChild]. It is false in the child, under
// RESTARTER=off and in a test binary: main then runs as without this package. The answer never
// changes, and IsParent is safe for concurrent use.
func IsParent() bool { return me.role == parent && !inTest() }

// IsChild reports whether this process was started by [LaunchChild]. It is false in programs that the
// child starts. The answer never changes, and IsChild is safe for concurrent use.
func IsChild() bool { return me.role == child }

// In the child, restart makes due true, then ends turned. Elsewhere both stay as they are.
var (
	due          atomic.Bool
	turned, turn = context.WithCancelCause(context.Background())
)

// restart tells the program to leave, and why. Only the first reason counts.
func restart(reason string) {
	due.Store(true)
	status.Publish(status.Event{Kind: status.Restarting})
	turn(fmt.Errorf("%w: %s", ErrChanged, reason))
}

// ShouldRestart reports whether the child should clean up and exit with [ExitCode]: its
// successor is built, or its parent is gone. Once true it stays true. It is an atomic
// load: call it as often as you like, from any goroutine. Outside a child it is
// always false.
//
// A program that calls neither ShouldRestart nor [NotifyContext] anywhere is sent SIGTERM
// instead.
func ShouldRestart() bool { return due.Load() }

// NotifyContext returns a copy of parent that ends when [ShouldRestart] becomes true, when
// parent ends, or when the returned function is called, whichever comes first. In the first
// case its [context.Cause] is [ErrChanged] and says what changed. As with
// [os/signal.NotifyContext], call the function when you are done with the context. It is safe
// for concurrent use.
//
// Outside a child (under RESTARTER=off, for example, or in a test) the context ends only with parent
// or by the returned function, so derive it from a context that ends on a signal.
func NotifyContext(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	forget := context.AfterFunc(turned, func() { cancel(context.Cause(turned)) })
	silence := tellOfSignal(parent)
	return ctx, func() {
		forget()
		silence()
		cancel(nil)
	}
}

// LaunchChild is [Launcher.LaunchChild] with the default settings.
func LaunchChild() int { return new(Launcher).LaunchChild() }

// getenv returns a variable of the environment that this process was started with.
func getenv(name string) (value string) {
	for _, v := range started.env {
		if key, rest, ok := strings.Cut(v, "="); ok && key == name {
			value = rest
		}
	}
	return value
}
