package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/link"
	"github.com/lib537/restarter/internal/system"
	"github.com/lib537/restarter/internal/watch"
)

// A process is a child, as the parent sees it.
type process struct {
	*system.Process
	line       *link.Line
	requests   chan request // about sockets and signals, from the child
	done       chan struct{}
	code       int   // once done is closed
	err        error // why the code is not known
	started    time.Time
	asks       func() bool   // whether the program ever asks if it should restart
	deaf       chan struct{} // closed when it hears nothing any more: it has replaced itself by exec
	told       bool          // to restart
	terminated bool          // was sent SIGTERM to restart
	killed     bool          // by this process
}

// A request is a message of a child.
type request struct {
	kind   byte
	fields []string
	file   *os.File
}

const (
	// A stop signal is passed on after this time, if the child has not left by then or said that
	// it was sent the signal itself. See tellOfSignal.
	holdBack = 100 * time.Millisecond
	// A child has the processor to itself for so long.
	headStart = 50 * time.Millisecond
	// No wait is silent for longer.
	silence = 5 * time.Second
	// A child that has closed the line, and lives on for so long, hears nothing any more.
	deafAfter = time.Second
	// A program that never asks is killed so long after SIGTERM, where Grace says nothing.
	asklessGrace = 10 * time.Second
)

// start starts an executable as a child.
func (p *launch) start(run successor) (*process, error) {
	dir := ""
	if p.dir != nil {
		if err := p.dir.Same(run.exe); err != nil {
			return nil, err
		}
		dir = p.dir.Path
	}
	if run.exe == p.watcher.program { // which a deploy may have replaced by anything
		if err := system.CheckExecutable(run.exe, p.watcher.machine); err != nil {
			return nil, err
		}
	}
	cmd := &exec.Cmd{Path: run.exe, Args: started.args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
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
	cmd.Env = childEnviron(fmt.Sprintf("%d:%s:%s", os.Getpid(), name, dir))
	c := &process{line: line, requests: make(chan request), done: make(chan struct{}), deaf: make(chan struct{}), started: time.Now()}
	c.Process, err = system.Start(cmd)
	attached()
	if err != nil {
		line.Close()
		return nil, err
	}
	p.watcher.launched(c)
	quiet := ""
	if p.Quiet {
		quiet = "quiet"
	}
	c.send(settle, fmt.Sprintf("%d\x00%s", p.Grace, quiet))
	c.asks = scan(c, run)
	go p.listenTo(c)
	go func() {
		c.code, c.err = c.Wait()
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

// scan returns a function that reports whether the program asks. That takes a few milliseconds to
// find out, so it is done when the child has had its start. The child is told if it does not.
func scan(c *process, run successor) func() bool {
	asks := sync.OnceValue(func() bool {
		asks := gotool.Mentions(run.exe, packagePath(), "ShouldRestart", "NotifyContext")
		if !asks {
			c.send(askless, "")
		}
		return asks
	})
	time.AfterFunc(headStart, func() { asks() })
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
		if kind == trackPaths {
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
// returns its exit code.
func (p *launch) attend(c *process) (int, error) {
	defer c.line.Close()
	var (
		held      os.Signal // not passed on yet
		pass      <-chan time.Time
		overdue   <-chan time.Time
		reminder  <-chan time.Time
		signalled time.Time // when the child said that it was
	)
	grace := p.Grace
	if p.next != nil {
		p.tell(c) // it was built meanwhile
	}
	for {
		if c.told && reminder == nil && overdue == nil {
			reminder = time.After(silence)
			if grace == 0 && !c.hears() {
				grace = asklessGrace
			}
			if grace > 0 {
				overdue = time.After(grace)
			}
		}
		deaf := c.deaf
		if !c.told || c.terminated {
			deaf = nil
		}
		select {
		case <-deaf:
			p.terminate(c) // it has not heard, or forgotten
			reminder = nil
		case <-c.done:
			return c.code, c.err
		case s := <-p.watcher.successors:
			p.replaceNext(s)
			p.tell(c)
		case r := <-c.requests:
			if r.kind == signalledKind {
				signalled = time.Now()
			} else {
				p.sockets.answer(c.line, r.kind, r.fields, r.file)
			}
		case sig := <-p.signals:
			if held != nil {
				c.Process.Process.Signal(held) // somebody insists
				held, pass = nil, nil
			}
			if !slices.Contains(system.Stops, sig) {
				c.Process.Process.Signal(sig)
				continue
			}
			if system.MayReload(sig) {
				p.hungUp = time.Now()
			} else {
				p.stopped, p.stopping = sig, time.Now()
				if p.Grace > 0 {
					overdue = time.After(p.Grace)
				}
				reminder = time.After(silence)
			}
			if p.terminal != nil && system.IsInterrupt(sig) && system.SameGroup(c.pid()) {
				continue // the terminal has sent it to the child as well
			}
			held, pass = sig, time.After(holdBack)
		case <-pass:
			if time.Since(signalled) > 2*holdBack {
				c.Process.Process.Signal(held)
			}
			held, pass = nil, nil
		case <-overdue:
			c.Process.Process.Kill()
			c.killed = true
			p.say("the program did not leave within %v; ended", grace)
		case <-reminder:
			p.remind(c, grace)
		}
	}
}

func (c *process) pid() int { return c.Process.Process.Pid }

// tell tells a child to restart, once.
func (p *launch) tell(c *process) {
	if c.told {
		return
	}
	c.told = true
	if p.stopped != system.Terminate && time.Since(p.stopping) > silence {
		p.stopped = nil // it went on after an interrupt, and is to restart now
	}
	c.send(leave, p.next.reason)
	if !c.hears() {
		p.terminate(c)
	}
}

// hears reports whether the program will ever know that it is to restart.
func (c *process) hears() bool {
	select {
	case <-c.deaf:
		return false
	default:
		return c.asks()
	}
}

// terminate sends SIGTERM to a program that does not hear.
func (p *launch) terminate(c *process) {
	c.terminated = true
	if system.CanTerminate {
		p.debug("the program does not ask whether it should restart; sending it SIGTERM")
		c.Process.Process.Signal(system.Terminate)
	}
}

// remind says what is being waited for.
func (p *launch) remind(c *process, grace time.Duration) {
	switch {
	case p.stopped != nil:
		p.say("waiting for the program to leave, after signal %v", p.stopped)
	case grace > 0:
		p.say("waiting for the program to leave; it will be killed after %v", grace)
	default:
		p.say("waiting for the program to leave: it has to return when ShouldRestart is true; Launcher.Grace can end one that does not")
	}
}

// couldListen reports whether the child had the time to ask for its sockets: those that it has not
// asked for are of no use any more. One that failed, or was told to restart while it may have been
// starting, says nothing about the next.
func (c *process) couldListen(asked bool, code int) bool {
	const soon, late = time.Second, 10 * time.Second
	lived := time.Since(c.started)
	return (code == 0 || code == ExitCode || c.told) && (asked || !c.told && lived > soon || lived > late)
}
