// Package suspend makes a parent transparent to job control. The shell takes the terminal back when the process that it
// has started is stopped: that is the parent. But whether Ctrl-Z stops anything, and what else does, is for the program to
// say. So the parent takes no notice of Ctrl-Z: it stops itself when its child has been stopped, and has the child go on
// when it goes on itself.
//
// It knows nothing of what the children are. Where the system tells nothing of their stops, it does nothing.
package suspend

import (
	"os"
	"sync"

	"github.com/lib537/restarter/internal/system"
)

// Children are those that are alive, where there is job control. The zero value follows none. It is safe for concurrent
// use.
type Children struct {
	mu    sync.Mutex // held while this process is stopped
	alive map[*system.Process]bool
}

// TakeCtrlZ stops this process on Ctrl-Z only while there is no child. It is for good: once taken, the signal cannot be
// given back to the system.
func (all *Children) TakeCtrlZ() {
	all.alive = make(map[*system.Process]bool)
	typed := make(chan os.Signal, 1)
	system.NotifySuspend(typed)
	go func() {
		for range typed {
			all.mu.Lock()
			if len(all.alive) == 0 {
				system.Suspend()
			}
			all.mu.Unlock()
		}
	}()
}

// Follow stops this process whenever a child is stopped, until that has ended.
func (all *Children) Follow(c *system.Process) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.alive == nil {
		return
	}
	all.alive[c] = true
	go func() {
		for c.AwaitStop() {
			all.stop(c)
		}
		all.Ended(c) // or nothing can be learned of it
	}()
}

// Ended forgets a child.
func (all *Children) Ended(c *system.Process) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.alive, c)
}

// stop stops this process, since a child has been stopped. There may be two, and Ctrl-Z stops both: the second
// may have gone on by now, with the first.
func (all *Children) stop(c *system.Process) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if !c.TakeStop() {
		return
	}
	stopped := []*system.Process{c}
	for other := range all.alive {
		if other.TakeStop() {
			stopped = append(stopped, other)
		}
	}
	system.Suspend()
	for _, c := range stopped {
		c.Continue()
	}
}
