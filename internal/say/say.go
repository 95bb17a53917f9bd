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
	"sync/atomic"
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
	if output.queue == nil {
		output.queue = make(chan message, longestQueue)
		go write(output.queue)
	}
	if len(output.queue) == longestQueue {
		select {
		case <-output.queue: // the last words count
		default:
		}
	}
	output.queue <- m
	output.Unlock()
	if output.stuck.Load() {
		return
	}
	select {
	case <-m.done:
	case <-time.After(time.Second):
		output.stuck.Store(true)
	}
}

// Flush waits until everything is written, but no longer than a second.
func Flush() {
	output.stuck.Store(false)
	Text(nil)
}

type message struct {
	text []byte
	done chan struct{} // closed when it was written
}

// output is what was not written yet. The goroutine that writes it is started by the first message.
var output struct {
	sync.Mutex
	queue chan message
	stuck atomic.Bool // somebody has waited for it in vain
}

const longestQueue = 100

func write(queue chan message) {
	for m := range queue {
		put(m.text)
		close(m.done)
		if len(queue) == 0 {
			output.stuck.Store(false)
		}
	}
}

// put writes a text, which may take for ever.
func put(text []byte) {
	if len(text) == 0 {
		return // even that would stop a process in the background of a terminal
	}
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
