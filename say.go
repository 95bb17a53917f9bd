package restarter

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// say prints a message for a person. Nobody may be reading: it waits for a second at most.
func say(text string, args ...any) { tell([]byte(fmt.Sprintf("restarter: "+text+"\n", args...))) }

func tell(text []byte) {
	told := make(chan struct{})
	go func() {
		defer close(told)
		if f := messages(); f != nil {
			f.Write(text)
			f.Close()
		} else {
			os.Stderr.Write(text)
		}
	}()
	select {
	case <-told:
	case <-time.After(time.Second):
	}
}

// relocate changes the paths at the head of the compiler's lines, which the go command
// printed for the directory from, to what it prints in the directory to.
func relocate(said []byte, from, to string) []byte {
	if from == to {
		return said
	}
	lines := strings.SplitAfter(string(said), "\n")
	for i, line := range lines {
		text := strings.TrimLeft(line, " \t")
		path, rest, ok := strings.Cut(text, ":")
		if !ok || filepath.IsAbs(path) || !exists(filepath.Join(from, path)) {
			continue
		}
		indent := line[:len(line)-len(text)]
		lines[i] = indent + dotted(shortPath(filepath.Join(from, path), to)) + ":" + rest
	}
	return []byte(strings.Join(lines, ""))
}

// shortPath returns path as seen from a directory, if that is shorter and says a name.
func shortPath(path, from string) string {
	if rel, err := filepath.Rel(from, path); err == nil && rel != "." && len(rel) < len(path) {
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
