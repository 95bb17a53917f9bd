package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/lib537/restarter/internal/link"
	"github.com/lib537/restarter/internal/socket"
	"github.com/lib537/restarter/internal/status"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// A process is a child, as the parent sees it.
type process struct {
	*system.Process
	run      successor // what it runs
	line     *link.Line
	requests chan request // from the child
	done     chan struct{}
	code     int   // once done is closed
	err      error // why the code is not known
	started  time.Time
	asks     func() bool   // whether the program ever asks if it should restart
	deaf     chan struct{} // closed when it no longer receives messages: it has replaced itself by exec
	tracked  []watch.Root  // for the watcher
	shows    bool          // for the watcher: the browser shows what goes on

	idle       <-chan time.Time // when a program that never calls Listen has lived long enough to be without sockets
	told       bool             // to restart
	terminated bool             // was sent SIGTERM to restart
	killed     bool             // by this process

	grace     time.Duration    // how long it may take to leave, 0 for as long as it likes
	overdue   <-chan time.Time // when that is over
	reminder  <-chan time.Time // when to say that it is being waited for
	held      os.Signal        // not passed on yet
	pass      <-chan time.Time // when to pass it on
	pinged    time.Time        // when that signal came
	signalled time.Time        // when the child said that it was sent a signal

	// While it runs beside the one that it is to follow, see Launcher.Overlap.
	proven  <-chan time.Time // when it has lived long enough
	ready   bool             // it has proved itself
	late    bool             // it has, but while the parent was being stopped
	gone    bool             // it was ready, and has ended before the other has left
	waiting *request         // to be answered when the other has left
}

// A request is a message of a child.
type request struct {
	kind   byte
	fields []string
	file   *os.File
}

const (
	// A stop signal is passed on after this time, unless the child has exited by then, or has said
	// that it was sent the signal itself. See tellOfSignal.
	holdBack = 100 * time.Millisecond
	// On a busy machine the child may not run soon enough to answer. This is how long to wait for it.
	busy = time.Second
	// The executable of a child is searched for what it calls this long after its start.
	headStart = 50 * time.Millisecond
	// No wait is silent for longer.
	silence = 5 * time.Second
	// A child that is still alive this long after it closed the line no longer receives messages.
	deafAfter = time.Second
	// A program that never asks is killed this long after SIGTERM, if Grace is 0.
	asklessGrace = 10 * time.Second
	// A program has called Listen this long after its start, if nothing else is to be done first.
	soon = time.Second
	// Most programs have exited this long after an interrupt.
	longDrain = 30 * time.Second
)

// start starts a program as a child. begun tells the watcher.
func (p *launch) start(run successor, begun func(*process)) (*process, error) {
	if err := p.dir.Same(run.Exe); err != nil {
		return nil, err
	}
	if run.Exe == p.watcher.program { // which a deploy may have replaced by anything
		if err := system.CheckExecutable(run.Exe, p.watcher.machine); err != nil {
			return nil, err
		}
	}
	cmd := &exec.Cmd{Path: run.Exe, Args: started.args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if system.IsDir(started.dir) {
		cmd.Dir = started.dir // the directory of that name, which may be another than at the start
	}
	if p.terminal == nil {
		// A signal to a group reaches the parent, which passes it on: so the child gets it once.
		// On a terminal both have to be in its foreground group.
		system.OwnGroup(cmd)
	}
	line, name, attached, err := link.Attach(cmd)
	if err != nil {
		return nil, err
	}
	cmd.Env = childEnviron(fmt.Sprintf("%d:%s:%s", os.Getpid(), name, p.dir.Path))
	c := &process{run: run, line: line, requests: make(chan request), done: make(chan struct{}), deaf: make(chan struct{}), started: time.Now()}
	c.Process, err = system.Start(cmd)
	attached()
	if err != nil {
		line.Close()
		return nil, err
	}
	p.suspended.Follow(c.Process)
	begun(c)
	c.send(settle, fmt.Sprintf("%d\x00%t\x00%t", p.Grace, p.Quiet, p.Overlap > 0))
	c.asks = scan(c)
	go p.listenTo(c)
	go func() {
		c.code, c.err = c.Wait()
		p.suspended.Ended(c.Process)
		close(c.done)
	}()
	return c, nil
}

func childEnviron(value string) (env []string) {
	for _, v := range started.env {
		if !strings.HasPrefix(v, variable+"=") {
			env = append(env, v)
		}
	}
	return append(env, variable+"="+value)
}

// send sends the child a message, unless it is gone.
func (c *process) send(kind byte, text string) { c.line.Send(kind, text, nil) }

// tell tells the child what goes on.
func (c *process) tell(e status.Event) { c.send(event, string(rune(e.Kind))+e.Text) }

// tellOfGroup tells the child of a process group of a command, which it ends if this process is killed.
func (c *process) tellOfGroup(text string) { c.send(group, text) }

// scan returns a function that reports whether the program asks. That takes a few milliseconds to
// find out, so it is done when the child has had its start. The child is told if it does not.
func scan(c *process) func() bool {
	asks := mentions(c.run.Exe, packagePath(), "ShouldRestart", "NotifyContext")
	time.AfterFunc(headStart, func() {
		if !asks() {
			c.send(askless, "")
		}
	})
	return asks
}

// listenTo hears a child as long as it lives.
func (p *launch) listenTo(c *process) {
	for {
		kind, text, file, err := c.line.Receive()
		if err != nil {
			select {
			case <-c.done: // that is why
			case <-time.After(deafAfter):
				close(c.deaf)
			}
			return
		}
		fields := strings.Split(text, "\x00")
		switch kind {
		case wantEvents:
			p.watcher.inform(c)
			continue
		case trackPaths:
			// Here, so that the child need not wait for anything else.
			roots := patterns(watch.Tracked, fields)
			p.watcher.track(c, roots, watch.Snapshot(roots))
			c.send(answer, "")
			continue
		}
		select {
		case c.requests <- request{kind, fields, file}:
		case <-c.done:
			return
		}
	}
}

// attend serves a child, passes signals on to it and tells it to restart, until it has ended. It
// returns its exit code. With Overlap its successor may run by then.
func (p *launch) attend(c *process) (int, error) {
	defer c.line.Close()
	if c.waiting != nil {
		p.answer(c, *c.waiting)
	}
	if p.next != nil {
		p.succeed(c) // it was built meanwhile
	}
	if p.sockets.Any() && !c.run.listens() {
		c.idle = time.After(soon - time.Since(c.started))
	}
	for {
		n := p.beside
		if n == nil {
			n = nobody
		}
		select {
		case <-c.done:
			return c.code, c.err
		case s := <-p.watcher.successors:
			p.replaceNext(s)
			p.succeed(c)
		case sig := <-p.signals:
			p.signal(c, sig)
			if n != nobody && (n.ready || !system.MayReload(sig)) { // a new process need not reload
				p.signal(n, sig)
				n.reminder = nil // one of the two is enough
			}

		case r := <-c.requests:
			p.answer(c, r)
		case <-c.isDeaf(): // the message that it should restart is lost
			p.terminate(c)
			p.giveTime(c)
		case <-c.idle: // nobody takes a connection
			p.sockets.Forget(c, socket.Forever)
		case <-c.pass:
			c.passOn()
		case <-c.overdue:
			p.kill(c)
		case <-c.reminder:
			p.remind(c)

		case <-p.rise:
			p.startBeside(c)
		case <-n.hasEnded():
			p.failed(n)
		case <-n.proven:
			p.proved(c, n)
		case r := <-n.requests:
			p.answerBeside(c, n, r)
		case <-n.pass:
			n.passOn()
		case <-n.overdue:
			p.kill(n)
		case <-n.reminder:
			p.remind(n)
		case <-p.resume:
			p.goOn(c)
		}
	}
}

// answer answers a request of a child.
func (p *launch) answer(c *process, r request) {
	switch r.kind {
	case signalledKind:
		c.signalled = time.Now()
	case pong:
		if c.held != nil {
			c.pass = time.After(max(holdBack/2, holdBack-time.Since(c.pinged)))
		}
	case accepts: // it is in charge already
	case listensAlone:
		if p.Overlap > 0 {
			p.Overlap = 0
			p.Say("two processes cannot listen on one address on this system; restarting without Overlap")
		}
	default:
		p.answerAboutSockets(c, r)
	}
}

// couldAsk returns for how long a child that has ended could ask for its sockets. It is 0 if that tells nothing about
// the next one: the child has failed, or has asked for none and may still have been starting, for all one knows.
func (c *process) couldAsk(asked bool, code int) time.Duration {
	const begun = 10 * time.Second
	lived := time.Since(c.started)
	if failed := code != 0 && code != ExitCode && !c.told; failed || !asked && lived < begun {
		return 0
	}
	return lived
}
