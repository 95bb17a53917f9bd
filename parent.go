package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Launcher has the settings of a parent. The zero Launcher is what [LaunchChild] uses.
type Launcher struct {
	// Build is a command that builds the program, with its arguments, instead of go build:
	// it writes the executable to the file that $RESTARTER_OUTPUT names. What is watched
	// still comes from the go command, where there is one.
	Build []string

	// Dir is where to build. If empty, it is the directory of the file that holds
	// main.main, or where that is unknown (-trimpath) or gone, the main module as found
	// from the current directory or from that of the executable.
	Dir string

	// Grace is how long a child may take to leave once it is told to: then it is ended.
	// 0 is as long as it likes, but for an orphan, which has 5 s.
	Grace time.Duration

	// Interval is the time between two polls. 0 is 100 ms, or 25 ms for five minutes after
	// a change. Polling takes at most 1 % of one core when idle, so a very short
	// one is stretched.
	Interval time.Duration

	// WaitOnFailure has a child that fails (by a code other than 0 and 75, or by a signal)
	// launched again at the next change that builds. If false, its code is returned.
	WaitOnFailure bool

	// Quiet means no messages on standard error, not even the compiler's, but for the one
	// that says why no child could be started.
	Quiet bool
}

// settled is how long a child has to live for its relaunch not to be delayed.
var settled = time.Second

// LaunchChild runs the program as a child of this process, and runs it again whenever it
// exits with [ExitCode], until it ends in any other way. It returns what to pass to
// [os.Exit]:
//   - the exit code of the child, 128+n if signal n ended it;
//   - 0 if the child left with [ExitCode] because the parent was told to stop;
//   - 128+n if signal n stopped the parent while there was no child;
//   - 1, after a line that says why, if no child could be started.
//
// The child gets the arguments, the environment (but for the variable RESTARTER), the
// directory and the standard files of this process, and the signals that are sent to it.
// Call LaunchChild once, from main, in the parent; it panics anywhere else.
func (l *Launcher) LaunchChild() int {
	if me.role != parent {
		panic("restarter: LaunchChild called in the child, or under RESTARTER=off")
	}
	p := launch{Launcher: *l, signals: make(chan os.Signal, 16), quit: make(chan struct{})}
	listenFor(p.signals) // before there is anything to clean up
	defer p.cleanUp()
	p.sockets = takeSockets()
	if err := p.prepare(mainFile()); err != nil {
		say("cannot launch: %v", err)
		return 1
	}
	return p.loop()
}

// A launch is one call of LaunchChild.
type launch struct {
	Launcher
	settings settings
	dir      string
	lock     *os.File
	sockets  []*socket
	signals  chan os.Signal
	quit     chan struct{}
	stopped  os.Signal // the last that told the child to stop
	turn     int       // how many restarts had been asked for then
	hungUp   time.Time // when the child was last sent a signal that may end it or not
	wrote    bool      // the last child may itself have written to what is watched
	short    int       // how many children in a row have left with ExitCode at once
}

func (p *launch) say(text string, args ...any) {
	if !p.Quiet {
		say(text, args...)
	}
}

// cleanUp takes away what prepare has made. No signal ends the process before that is done.
func (p *launch) cleanUp() {
	close(p.quit)
	p.closeSockets()
	if p.lock != nil {
		p.lock.Close()
		removePrivate(p.dir)
	}
	signal.Stop(p.signals)
}

// loop launches children until one ends for good.
func (p *launch) loop() int {
	var last string // the executable of the last child that could be started
	for {
		run := nextProgram(p.dir, &p.settings)
		if sig := p.pendingStop(); sig != nil {
			return signalCode(sig)
		}
		started := time.Now()
		state, err := p.run(run.Exe)
		if err != nil && last != "" && last != run.Exe {
			p.say("cannot start the new program: %v; starting the last one again", err)
			run.Exe = last
			state, err = p.run(last)
		}
		if err != nil {
			say("cannot start the program: %v", err)
			return 1
		}
		last = run.Exe
		next := nextProgram(p.dir, &p.settings)
		built := next.Exe != run.Exe || next.ID != run.ID
		code := exitCode(state)
		if p.stopped != terminate && next.Turn != p.turn {
			p.stopped = nil // it went on after an interrupt, and was to restart later
		}
		var sig os.Signal
		switch {
		case p.stopped != nil && code == ExitCode:
			return 0
		case p.stopped != nil:
			return code
		case built && (code == ExitCode || code != 0 && p.WaitOnFailure):
			p.short = 0
		case code == ExitCode:
			sig = p.backOff(time.Since(started), state)
		case code != 0 && p.WaitOnFailure && time.Since(p.hungUp) > orphanGrace:
			left := time.Now()
			sig = p.wait(-1, fmt.Sprintf("the program failed with exit code %d; waiting for a change", code))
			if sig == nil && p.wrote && nextProgram(p.dir, &p.settings).sameProgram(run) {
				sig = p.backOff(left.Sub(started), state)
			}
		default:
			if code == 0 && built {
				p.say("the program left with exit code 0, not %d, so its successor is not launched", ExitCode)
			}
			return code
		}
		if sig != nil {
			return signalCode(sig)
		}
	}
}

// run runs one child to its end.
func (p *launch) run(exe string) (*os.ProcessState, error) {
	if err := p.furnish(); err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{
		Path: exe, Args: os.Args, Env: p.environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}
	for _, s := range p.sockets {
		cmd.ExtraFiles = append(cmd.ExtraFiles, s.file)
	}
	old, _ := os.ReadDir(p.dir) // the child may build at once
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for _, d := range old {
		dir := filepath.Join(p.dir, d.Name())
		if _, err := strconv.ParseUint(d.Name(), 10, 64); err == nil && dir != filepath.Dir(exe) {
			os.RemoveAll(dir)
		}
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	var overdue, dropped <-chan time.Time
	if len(p.sockets) > 0 {
		ticker := time.NewTicker(heartbeat / 2)
		defer ticker.Stop()
		dropped = ticker.C
	}
	for {
		select {
		case <-done:
			if isPrivate(p.dir) { // else its record may name anybody's process
				endCommands(p.dir)
			}
			p.dropSockets()
			return cmd.ProcessState, nil
		case sig := <-p.signals:
			if reload(sig) {
				p.hungUp = time.Now()
			} else if slices.Contains(stops, sig) {
				p.stopped, p.turn = sig, nextProgram(p.dir, &p.settings).Turn
				if p.Grace > 0 && overdue == nil {
					overdue = time.After(p.Grace)
				}
			}
			if !fromTerminal(sig) { // which has sent it to the child as well
				cmd.Process.Signal(sig)
			}
		case <-overdue:
			cmd.Process.Kill()
			p.say("the program did not leave within %v; ended", p.Grace)
		case <-dropped:
			p.dropSockets()
		}
	}
}

// furnish writes what the next child needs. The directory may have been removed since.
func (p *launch) furnish() error {
	if err := ensurePrivate(p.dir); err != nil {
		return err
	}
	if !exists(filepath.Join(p.dir, "lock")) {
		p.lock.Close()
		lock, err := holdLock(p.dir)
		if err != nil {
			return err
		}
		p.lock = lock
	}
	os.Remove(filepath.Join(p.dir, "tracked"))
	if err := p.writeSockets(); err != nil {
		return err
	}
	if exists(filepath.Join(p.dir, "settings")) {
		return nil // the disk may be full by now
	}
	return writeFile(p.dir, "settings", p.settings)
}

func (p *launch) environ() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, variable+"=") {
			env = append(env, v)
		}
	}
	return append(env, fmt.Sprintf("%s=%d:%s", variable, os.Getpid(), p.dir))
}
