package gotool

import (
	"bytes"
	"io"
	"strings"

	"github.com/lib537/restarter/internal/system"
)

// Mentions reports whether an executable holds one of the functions of a package: the linker keeps
// the name of a function, even if the symbols are stripped, if and only if something calls it. If a
// function is inlined, its name is kept only if something of it is left, as an atomic load always is.
// If the executable cannot be read, Mentions returns true.
func Mentions(executable, pkg string, functions ...string) bool {
	f, err := system.Open(executable)
	if err != nil {
		return true
	}
	defer f.Close()
	// The name as the linker writes it, with a zero byte behind. In that form it does not stand in
	// this package's own text.
	dir, last := "", pkg
	if i := strings.LastIndexByte(pkg, '/'); i >= 0 {
		dir, last = pkg[:i+1], pkg[i+1:]
	}
	last = strings.NewReplacer("%", "%25", `"`, "%22", ".", "%2e").Replace(last)
	var names [][]byte
	longest := 0
	for _, function := range functions {
		name := []byte(dir + last + "." + function + "\x00")
		names = append(names, name)
		longest = max(longest, len(name))
	}
	buffer := make([]byte, 256<<10)
	kept := 0 // from the last piece, which a name may straddle
	for {
		n, err := io.ReadFull(f, buffer[kept:])
		piece := buffer[:kept+n]
		for _, name := range names {
			if bytes.Contains(piece, name) {
				return true
			}
		}
		if err != nil {
			return err != io.EOF && err != io.ErrUnexpectedEOF
		}
		kept = copy(buffer, piece[max(0, len(piece)-longest):])
	}
}
