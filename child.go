package restarter

import (
	"os"
	"time"
)

const (
	heartbeat   = 200 * time.Millisecond // how often a process looks whether its parent is gone
	orphanGrace = 5 * time.Second
	headStart   = 20 * time.Millisecond // of the program, before we take anything of the processor
)

func init() {
	if me.role == child {
		inherit()
		go attend()
	}
}

// attend watches the sources and the parent as long as the child lives. It is the one
// goroutine that importing this package starts, and only in the child.
func attend() {
	gone := parentWatch(me.ppid)
	var s settings
	err := readFile(me.dir, "settings", &s)
	time.Sleep(headStart)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err != nil {
			say("cannot watch: %v", err)
			return
		}
		w := newWatcher(me.dir, s)
		w.start()
		if reason, ok := w.watch(stop); ok {
			restart(reason)
			s.mustLeave(s.Grace)
		}
	}()
	for !gone() {
		time.Sleep(heartbeat)
	}
	close(stop)
	if isPrivate(me.dir) { // else its record may name anybody's process
		endCommands(me.dir)
	}
	select {
	case <-done:
	case <-time.After(orphanGrace): // the watcher hangs: in a file system, say
	}
	removeSocketFiles()
	removePrivate(me.dir)
	restart("the parent is gone")
	if s.Grace <= 0 {
		s.Grace = orphanGrace
	}
	s.mustLeave(s.Grace)
}

// mustLeave ends a program that does not leave in time; 0 is as long as it likes.
func (s *settings) mustLeave(grace time.Duration) {
	if grace <= 0 {
		return
	}
	time.AfterFunc(grace, func() {
		if !s.Quiet {
			say("the program did not leave within %v; ended", grace)
		}
		os.Exit(ExitCode)
	})
}
