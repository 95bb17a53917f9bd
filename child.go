package restarter

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lib537/restarter/internal/link"
	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/say"
	"github.com/lib537/restarter/internal/status"
	"github.com/lib537/restarter/internal/system"
)

// What parent and child tell each other. The fields of a text are separated by NUL.
const (
	// From the parent.
	settle  = 's' // how long the child may take to leave as an orphan; whether to be quiet; whether Overlap is set
	askless = 'n' // the program never asks whether it should restart
	leave   = 'r' // restart, for this reason
	group   = 'g' // the process group of a command of the parent's; below 0 once it has ended
	event   = 'e' // what goes on, for those who have asked for it
	ping    = 'p' // a signal is about to be passed on: has the program been sent it already?
	answer  = 'a' // to one of the following

	// From the child, each with an answer.
	trackPaths = 't' // the paths
	listenAt   = 'l' // a network and an address, and the numbers of the sockets in use
	keepSocket = 'k' // a network, an address and where the socket is, with the socket
	makeWay    = 'w' // as for listenAt: close what is in the way of that

	// From the child, without one.
	signalledKind = 'b' // the program has been sent a signal, and is about to leave
	pong          = 'p' // the child has had the processor since the ping
	wantEvents    = 'e' // the program shows what goes on
	accepts       = 'c' // the program accepts connections from now on
	listensAlone  = 'o' // the program uses Listen, on a system where that is net.Listen
)

const orphanGrace = 5 * time.Second

// The line to the parent, in the child.
var upward struct {
	*link.Line               // nil without one
	mu         sync.Mutex    // held from a request to its answer
	answers    chan response // closed when the parent is gone
	overlap    bool          // Launcher.Overlap is set; known by the first answer
}

type response struct {
	text string
	file *os.File
}

func init() {
	if me.role != child {
		return
	}
	ownVariables()
	if me.line == nil {
		go attendAlone()
		return
	}
	upward.Line, upward.answers = me.line, make(chan response)
	status.Wanted = func() { upward.Send(wantEvents, "", nil) }
	go attend()
}

// ownVariables has the variables with which systemd names the process that it started name this
// one, if they name the parent.
func ownVariables() {
	for _, name := range []string{"LISTEN_PID", "WATCHDOG_PID", "SYSTEMD_EXEC_PID"} {
		if os.Getenv(name) == strconv.Itoa(os.Getppid()) {
			os.Setenv(name, strconv.Itoa(os.Getpid()))
		}
	}
}

// attend receives the parent's messages as long as both live. It is the only goroutine that importing
// this package starts, and only in the child.
func attend() {
	grace, quiet, asks := orphanGrace, false, true
	running := make(map[int]bool) // process groups
	for {
		kind, text, file, err := upward.Receive()
		if err != nil {
			break
		}
		switch kind {
		case settle:
			fields := strings.Split(text, "\x00")
			if n, _ := strconv.ParseInt(fields[0], 10, 64); n > 0 {
				grace = time.Duration(n)
			}
			quiet, upward.overlap = fields[1] == "true", fields[2] == "true"
		case askless:
			asks = false
		case ping:
			upward.Send(pong, "", nil)
		case leave:
			restart(text)
		case event:
			if text != "" && !due.Load() {
				status.Publish(status.Event{Kind: status.Kind(text[0]), Text: text[1:]})
			}
		case group:
			n, _ := strconv.Atoi(text)
			delete(running, -n)
			if n > 1 {
				running[n] = true
			}
		case answer:
			upward.answers <- response{text, file}
		}
		if !asks && due.Load() && !system.CanTerminate {
			os.Exit(ExitCode)
		}
	}
	close(upward.answers)
	for group := range running {
		system.KillGroup(group)
	}
	orphaned(grace, quiet, asks)
}

// attendAlone waits for the end of the parent in a child that has replaced itself by exec, and so has lost
// the line.
func attendAlone() {
	const heartbeat = 200 * time.Millisecond
	for gone := system.ParentGone(os.Getppid()); !gone(); {
		time.Sleep(heartbeat)
	}
	orphaned(orphanGrace, false, true)
}

// orphaned cleans up when the parent is gone, for example by kill -9, and makes the program exit.
func orphaned(grace time.Duration, quiet, asks bool) {
	removeSocketFiles()
	private.Remove(me.dir)
	restart("the parent is gone")
	if !asks {
		if !system.CanTerminate {
			os.Exit(ExitCode)
		}
		system.TerminateSelf()
	}
	time.Sleep(grace)
	if !quiet {
		say.Line("the program did not exit within %v; ending it", grace)
	}
	os.Exit(ExitCode)
}

// ask sends the parent a request and waits for the answer. ok is false where there is no parent to
// ask.
func ask(kind byte, file *os.File, fields ...string) (r response, ok bool) {
	if upward.Line == nil {
		return response{}, false
	}
	upward.mu.Lock()
	defer upward.mu.Unlock()
	if upward.Send(kind, strings.Join(fields, "\x00"), file) != nil {
		return response{}, false
	}
	r, ok = <-upward.answers
	return r, ok
}

// tellOfSignal has the parent told when a context of os/signal.NotifyContext ends: the parent may
// have been sent the same signal, and must not pass it on a second time.
func tellOfSignal(ctx context.Context) (stop func() bool) {
	s, ok := ctx.(fmt.Stringer)
	if upward.Line == nil || !ok || !strings.HasPrefix(s.String(), "signal.NotifyContext(") {
		return func() bool { return false }
	}
	return context.AfterFunc(ctx, func() {
		if !due.Load() {
			upward.Send(signalledKind, "", nil)
		}
	})
}
