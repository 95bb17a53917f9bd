// Package say prints messages for a person at a terminal, on standard error: one line for each
// event, with the names of files as seen from where the person stands.
//
// It promises that a message neither blocks nor ends the program, even when nobody can read it
// any more, and that it is legible on a terminal in raw mode.
//
// It knows nothing of what the messages are about.
package say

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// Line prints a line, behind the name of the package.
func Line(text string, args ...any) { Text([]byte(fmt.Sprintf("restarter: "+text+"\n", args...))) }

// Text prints text as it is. If nobody reads, it waits for a second at most. After that, texts wait in the queue
// without holding anybody up.
func Text(text []byte) {
	m := message{text, make(chan struct{})}
	output.Lock()
	wait := !output.stuck
	if output.queue = append(output.queue, m); len(output.queue) > longestQueue {
		output.queue = output.queue[1:] // the last words count
	}
	if !output.busy {
		output.busy = true
		go write()
	}
	output.Unlock()
	if !wait {
		return
	}
	select {
	case <-m.done:
	case <-time.After(time.Second):
		output.Lock()
		output.stuck = output.busy
		output.Unlock()
	}
}

// Flush waits until everything is written, but no longer than a second.
func Flush() {
	output.Lock()
	queue := output.queue
	output.Unlock()
	if len(queue) == 0 {
		return
	}
	select {
	case <-queue[len(queue)-1].done:
	case <-time.After(time.Second):
	}
}

type message struct {
	text []byte
	done chan struct{} // closed when it was written
}

// output is what was not written yet. It is written by a goroutine that ends when nothing is left.
var output struct {
	sync.Mutex
	queue []message
	busy  bool // the goroutine runs
	stuck bool // somebody has waited for it in vain
}

const longestQueue = 100

// write writes what is in the queue, until it is empty.
func write() {
	for {
		output.Lock()
		if len(output.queue) == 0 {
			output.busy, output.stuck = false, false
			output.Unlock()
			return
		}
		m := output.queue[0]
		output.queue = output.queue[1:]
		output.Unlock()
		put(m.text)
		close(m.done)
	}
}

// put writes a text, which may take for ever.
func put(text []byte) {
	f := system.Stderr()
	if f == nil {
		os.Stderr.Write(text)
		return
	}
	defer f.Close()
	if system.IsRaw(f) {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	f.Write(text)
}

// Relocate changes the paths at the head of a compiler's lines, which the go command
// printed for the directory from, to what it prints in the directory to.
func Relocate(said []byte, from, to string) []byte {
	if from == to {
		return said
	}
	lines := strings.SplitAfter(string(said), "\n")
	for i, line := range lines {
		head, rest, ok := strings.Cut(line, ":")
		path := strings.TrimSpace(head)
		if !ok || filepath.IsAbs(path) || !system.Exists(filepath.Join(from, path)) {
			continue
		}
		lines[i] = strings.TrimSuffix(head, path) + dotted(Short(filepath.Join(from, path), to)) + ":" + rest
	}
	return []byte(strings.Join(lines, ""))
}

// Short returns path as seen from a directory, if that is shorter and says a name.
func Short(path, from string) string {
	if rel, err := filepath.Rel(from, path); err == nil && rel != "." && filepath.Base(rel) != ".." && len(rel) < len(path) {
		return rel
	}
	return path
}

// dotted marks a file of the current directory as the go command does.
func dotted(path string) string {
	if !strings.ContainsRune(path, filepath.Separator) {
		return "." + string(filepath.Separator) + path
	}
	return path
}
