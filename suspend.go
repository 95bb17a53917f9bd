package restarter

import (
	"os"
	"sync"

	"github.com/lib537/restarter/internal/system"
)

// Job control. The shell takes the terminal back when the process that it has started is stopped: that is the parent.
// But whether Ctrl-Z stops anything, and what else does, is for the program to say. So the parent takes no notice of
// Ctrl-Z: it stops itself when its child has been stopped, and has the child go on when it goes on itself.

// A suspension knows the children that are alive, where there is job control. It is safe for concurrent use.
type suspension struct {
	mu       sync.Mutex // held while this process is stopped
	children map[*system.Process]bool
}

// takeCtrlZ stops this process on Ctrl-Z only while there is no child. It outlives LaunchChild: once taken, the signal
// cannot be given back to the system.
func (s *suspension) takeCtrlZ() {
	s.children = make(map[*system.Process]bool)
	typed := make(chan os.Signal, 1)
	system.NotifySuspend(typed)
	go func() {
		for range typed {
			s.mu.Lock()
			if len(s.children) == 0 {
				system.Suspend()
			}
			s.mu.Unlock()
		}
	}()
}

// follow stops this process whenever a child is stopped, until that has ended.
func (s *suspension) follow(c *system.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.children == nil {
		return
	}
	s.children[c] = true
	go func() {
		for c.AwaitStop() {
			s.stop(c)
		}
		s.ended(c) // or nothing can be learned of it
	}()
}

// ended forgets a child.
func (s *suspension) ended(c *system.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.children, c)
}

// stop stops this process, since a child has been stopped. With Launcher.Overlap there may be two, and Ctrl-Z stops
// both: the second may have gone on by now, with the first.
func (s *suspension) stop(c *system.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.TakeStop() {
		return
	}
	stopped := []*system.Process{c}
	for other := range s.children {
		if other.TakeStop() {
			stopped = append(stopped, other)
		}
	}
	system.Suspend()
	for _, c := range stopped {
		c.Continue()
	}
}
