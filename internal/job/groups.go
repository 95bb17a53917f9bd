package job

import (
	"slices"
	"strconv"
	"sync"
)

// Groups are the process groups of the commands that run. They are told to a child, which ends them if
// this process is killed. Its methods may be called by several goroutines.
type Groups struct {
	mu   sync.Mutex
	send func(text string) // nil if there is nobody to tell
	all  []int
}

// Tell has another be told, from now on: of each group the number, and of one that has ended the number
// below 0.
func (g *Groups) Tell(send func(text string)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.send = send
	for _, group := range g.all {
		g.tell(group)
	}
}

// Add is called when a command was started.
func (g *Groups) Add(group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, group)
	g.tell(group)
}

// Remove is called when a command has ended.
func (g *Groups) Remove(group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = slices.DeleteFunc(g.all, func(n int) bool { return n == group })
	g.tell(-group)
}

func (g *Groups) tell(group int) {
	if g.send != nil {
		g.send(strconv.Itoa(group))
	}
}
