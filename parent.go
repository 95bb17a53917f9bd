package restarter

import (
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/lib537/restarter/internal/budget"
	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/say"
	"github.com/lib537/restarter/internal/socket"
	"github.com/lib537/restarter/internal/succession"
	"github.com/lib537/restarter/internal/suspend"
	"github.com/lib537/restarter/internal/system"
)

// A Launcher has the settings of a parent. [LaunchChild] uses the zero Launcher.
type Launcher struct {
	// Build is a command, with its arguments, that builds the program instead of go build. It must
	// write the executable to the file that $RESTARTER_OUTPUT names. The go command, where there
	// is one, still says what is watched. Build cannot read from the terminal.
	Build []string

	// Generate is a command, with its arguments, that is run in Dir before the build whenever
	// something that Sources names has changed: templ, sqlc, protoc, go generate. A change of Go
	// files alone does not run it. The build that follows uses what it wrote. If it fails, its
	// output is printed and nothing is built.
	Generate []string

	// Sources are what Generate reads, or what Build reads and the go command does not know of: files,
	// directories and patterns as for [Track], relative to the current directory. A change of their
	// content causes a build. At the start Generate is run if one of them is newer than the
	// executable, or newer than the Go file that is generated from it, which is known by its name:
	// page_templ.go for page.templ, query.sql.go for query.sql.
	Sources []string

	// Dir is the directory of the build, and of Build and Generate. If Dir is empty, that is the directory of
	// the file that holds main.main. If that file is unknown (-trimpath) or gone, it is the main module, which
	// is looked for from the current directory, then from the directory of the executable. The go command itself
	// runs in the current directory if the program was started by go run, or if it finds the same package there.
	Dir string

	// Grace is how long a child may take to exit once it was told to restart or to stop; then it
	// is killed. 0 means no limit, except: 10 s for the restart of a child that calls neither
	// [ShouldRestart] nor [NotifyContext], and 5 s for a child whose parent is gone.
	Grace time.Duration

	// If Overlap is not 0, the new program is started beside the old one. It is ready when it first
	// accepts on a listener from [Listen], or has run for this long. Then the old child is told to
	// restart. If the new program ends before it is ready, a message is printed and the old
	// child keeps running.
	//
	// A program that listens must use Listen: two processes cannot open one address. With Overlap,
	// Listen returns a wrapper with the same methods, not a *net.TCPListener. Where Listen keeps no
	// sockets (Windows, Plan 9), such a program restarts as if Overlap were 0. Leave it 0 for a
	// program that locks a file, reads the terminal or owns a device.
	Overlap time.Duration

	// Interval is the time between two polls. 0 is 100 ms, or 25 ms for five minutes after
	// a change. Polling takes at most 1 % of one core when idle, so a very short interval
	// is stretched.
	Interval time.Duration

	// If WaitOnFailure is true, a child that fails (by a code other than 0 and 75, or by a signal)
	// is launched again at the next change that builds, or that is tracked. If false, LaunchChild
	// returns the child's code.
	WaitOnFailure bool

	// Quiet turns off the messages on standard error, the compiler's too. Two are still printed: why no
	// child could be started, and why an exit code is not known. RESTARTER=debug turns all on again.
	Quiet bool
}

// LaunchChild launches the program as a child of this process. Whenever the child exits with
// [ExitCode], or with any code after it was told to restart, LaunchChild launches it again.
// Otherwise LaunchChild returns what to pass to [os.Exit]:
//   - the exit code of the child, 128+n if signal n ended it;
//   - 0 if the child exited with [ExitCode] because the parent was told to stop;
//   - 128+n if signal n stopped the parent while there was no child;
//   - 1, after a line that says why, if no child could be started.
//
// The child gets the arguments, the environment (but for the variable RESTARTER) and the
// working directory that this process was started with, and its standard files. SIGINT, SIGTERM, SIGQUIT,
// SIGHUP, SIGUSR1 and SIGUSR2 are passed on to it.
//
// Call LaunchChild once, from main or from an init function, and only if [IsParent] is true: it panics
// otherwise.
func (l *Launcher) LaunchChild() int {
	if !IsParent() {
		panic("restarter: LaunchChild may only be called where IsParent is true: not in the child, in a test or under RESTARTER=off")
	}
	p := newLaunch(l)
	system.Notify(p.signals) // before there is anything to clean up
	defer p.cleanUp()
	if !p.prepare(gotool.MainFile()) {
		return 1
	}
	return p.loop()
}

// A launch is one call of LaunchChild. It belongs to the goroutine of that call.
type launch struct {
	Launcher
	say.Messages
	dir       *private.Dir
	watcher   *watcher
	contentID func(name string) (string, error)
	polled    chan struct{} // closed when the watcher has ended; nil before it has begun
	terminal  *system.Terminal
	suspended suspend.Children
	signals   chan os.Signal
	sockets   socket.Held
	next      *successor       // to be launched
	beside    *process         // a successor that runs beside the child, see Overlap
	rise      <-chan time.Time // when to start a successor beside the child
	rose      time.Time        // when one was last started so
	fell      time.Time        // when one last ended
	fellCPU   time.Duration    // the processor time that it had taken
	good      successor        // the last that could be started
	spare     string           // a copy of the executable that the parent was started from, or ""
	budget    budget.Budget
	quit      chan struct{}    // closed when LaunchChild returns
	stopped   os.Signal        // the last that told a child to stop
	stopping  time.Time        // when that was
	resume    <-chan time.Time // when to go on, if the program has survived it
	hungUp    time.Time        // when a child was last sent a signal that it may take as an order to reload
}

func newLaunch(l *Launcher) *launch {
	return &launch{
		Launcher: *l,
		Messages: say.Messages{Silent: l.Quiet && getenv(variable) != verbose, Verbose: getenv(variable) == verbose, From: started.dir},
		signals:  make(chan os.Signal, 16),
		quit:     make(chan struct{}),
		budget:   budget.New(),
	}
}

// prepare makes what all children share, and begins to watch. It reports whether there can be any.
func (p *launch) prepare(main string) bool {
	exe, err := os.Executable()
	if err != nil {
		// Perhaps there is no /proc.
		if exe = system.Named(started.args[0], started.dir); exe == "" {
			say.Line("cannot launch: %v; RESTARTER=off runs the program without a parent", err)
			return false
		}
	}
	o := origin{program: system.ExecutableName(exe, started.args[0], started.dir), running: exe, main: main, goRun: gotool.StartedByGoRun(exe), machine: system.Machine(exe)}
	p.dir = private.New(started.tmp)
	p.spare = p.keepSpare(exe, filepath.Base(o.program))
	if system.Exists(p.spare) {
		o.running = p.spare
	}
	if p.terminal = system.OpenTerminal(); p.terminal != nil && system.JobControl() {
		p.suspended.TakeCtrlZ()
	}
	p.sockets = takeSockets()
	if o.goRun {
		go p.watchGoRun(system.ParentGone(os.Getppid()))
	}
	p.watcher = newWatcher(&p.Launcher, &p.Messages, o, p.dir)
	recipe := *p.watcher.recipe // which the watcher changes
	p.contentID, p.good = recipe.ContentID, newSuccessor(succession.Program{Exe: o.running})
	p.good.Program = p.watcher.programs.Current()
	p.polled = make(chan struct{})
	go func() {
		defer close(p.polled)
		p.watcher.watch(p.quit)
	}()
	return true
}

// cleanUp removes what prepare has made. No signal ends the process before that is done.
func (p *launch) cleanUp() {
	close(p.quit)
	if p.polled != nil {
		select {
		case <-p.polled:
		case <-time.After(silence): // a file system hangs, say
		}
	}
	p.sockets.Close()
	if p.dir != nil {
		p.dir.Remove()
	}
	p.terminal.Close()
	signal.Stop(p.signals)
	say.Flush()
}

// loop launches children until one ends for good.
func (p *launch) loop() int {
	for {
		c := p.beside
		if p.beside, p.rise = nil, nil; c != nil {
			p.takesOver(c)
		} else {
			if sig := p.pendingStop(); sig != nil {
				return system.SignalCode(sig)
			}
			var err error
			if c, err = p.launchNext(); err != nil {
				say.Line("cannot start the program: %v", err)
				return 1
			}
		}
		code, err := p.attend(c)
		n := p.beside
		if n == nil {
			p.terminal.Restore(c.pid())
		}
		if err != nil {
			say.Line("the program has ended: %v", err)
		}
		left := p.sockets.NotAsked(c)
		p.sockets.Forget(c, c.couldAsk(p.sockets.Asked(c), code))
		// A program may also take SIGHUP as a reason to read its configuration again.
		hungUp := time.Since(p.hungUp) < orphanGrace && (p.terminal.IsGone() || code == system.HangUp)
		if n != nil {
			takenBack := n.told && p.next == nil
			if n.ready || p.stopped == nil && !hungUp && !takenBack {
				continue
			}
			if p.stopped == nil && !n.told {
				p.end(n) // it was not sent the signal
			}
			p.outlast(n)
		}
		if p.stopped != system.Terminate && time.Since(p.stopping) > longDrain {
			p.stopped = nil // the program survived the signal long ago
		}
		var sig os.Signal
		switch {
		case (p.stopped != nil || hungUp) && code == ExitCode:
			return 0
		case p.stopped != nil || hungUp:
			return code
		case c.told, code == ExitCode, p.next != nil && p.WaitOnFailure:
			if c.told && code != ExitCode && code != 0 && !c.killed && !c.terminated {
				p.Say("the program was told to restart, and exited with code %d; launching the new one", code)
			}
			sig = p.backOff(c, code)
		case code != 0 && p.WaitOnFailure && code != system.BrokenPipe:
			if left != "" && !c.run.opensToo() {
				left = "" // that is not why it has failed
			}
			if sig = p.wait(code, left); sig == nil {
				sig = p.backOff(c, code)
			}
		default:
			if soon := time.Since(c.started) < 10*time.Second; soon && code != 0 && c.run.Reason != "" && !p.WaitOnFailure {
				p.Say("the new program failed with exit code %d, so the parent ends; started with Launcher.WaitOnFailure, it would wait for the next change", code)
			}
			return code
		}
		if sig != nil {
			return system.SignalCode(sig)
		}
	}
}

// pendingStop returns a signal that came while there was no child.
func (p *launch) pendingStop() os.Signal {
	for {
		select {
		case sig := <-p.signals:
			if slices.Contains(system.Stops, sig) {
				return sig
			}
		default:
			return nil
		}
	}
}

// wait waits for a change, after a child has failed, which has left a socket, or "". A signal that stops the parent is returned.
func (p *launch) wait(code int, left string) os.Signal {
	if sig := p.await(p.watcher.noChild(false)); sig != nil {
		return sig
	}
	ended := time.Now()
	if p.takeNext() {
		return nil
	}
	p.Say("the program failed with exit code %d; waiting for a change", code)
	if left != "" {
		p.Say("the parent keeps %s for restarter.Listen; net.Listen cannot open it", left)
	}
	return p.pause(nil, ended)
}

// backOff delays a relaunch that the budget has no room for. A change that comes meanwhile ends the
// pause.
func (p *launch) backOff(c *process, code int) os.Signal {
	pause := p.budget.Spend(c.started, c.CPU())
	if pause <= 0 {
		return nil
	}
	if sig := p.await(p.watcher.noChild(true)); sig != nil {
		return sig
	}
	ended := time.Now() // what the child has itself written, before, ends no pause
	if pause >= time.Second {
		p.Say("the program keeps exiting with code %d; launching it again in %v", code, pause.Round(100*time.Millisecond))
	}
	return p.pause(time.After(pause), ended)
}

// pause waits for the time over, if there is one, or for a successor. One that is made of changes seen
// before since, which the child may have made itself, ends no pause that has an end of its own.
func (p *launch) pause(over <-chan time.Time, since time.Time) os.Signal {
	for {
		select {
		case <-over:
			return nil
		case s := <-p.watcher.successors:
			p.replaceNext(s)
			if s.Seen.After(since) {
				p.budget.Refill()
				return nil
			}
			if over == nil {
				return nil
			}
		case sig := <-p.signals:
			if slices.Contains(system.Stops, sig) {
				return sig
			}
		}
	}
}

// await waits until done is closed, or for a signal that stops the parent.
func (p *launch) await(done <-chan struct{}) os.Signal {
	for {
		select {
		case <-done:
			return nil
		case sig := <-p.signals:
			if slices.Contains(system.Stops, sig) {
				return sig
			}
		}
	}
}

// watchGoRun stops the child when the go run that started this process is gone: go run passes on neither signals
// nor exit codes.
func (p *launch) watchGoRun(gone func() bool) {
	const heartbeat = 200 * time.Millisecond
	for !gone() {
		select {
		case <-p.quit:
			return
		case <-time.After(heartbeat):
		}
	}
	p.signals <- system.Terminate
}
