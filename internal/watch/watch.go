// Package watch knows which files lead from a list of roots, and finds out which of them
// differ from what they were.
//
// A [Root] names a file, a directory of a Go package, a tree or a pattern, and what it is
// watched for. A [Poller] makes a set of all files that the roots lead to, keeps a stamp of
// each, and compares stamps with os.Stat, a tick at a time. It promises that every change is
// seen once, that files which come and go are changes, and that polling takes no more than a
// given share of one core, however many files there are.
//
// It knows nothing of builds, processes, messages or the go command. It compares stamps with !=,
// never by which is newer.
package watch

import (
	"path/filepath"
	"slices"
)

// A Purpose says what a file is watched for.
type Purpose uint8

const (
	Source     Purpose = iota // the program is made of it
	Input                     // a generator reads it
	Tracked                   // the program reads it when it starts
	Executable                // it is the executable that was started
	purposes
)

// A Kind says how a path leads to files.
type Kind uint8

const (
	member  Kind = iota // a file that was found in a directory
	File                // one file, present or not
	Package             // a directory of a package: the files in it that the go command reads
	Tree                // a directory with all that lies below it
	Pattern             // a pattern of package filepath, and ** for any directories; a directory that it leads to is a Tree
)

func (k Kind) dir() bool { return k >= Package }

// A Root is where to look for files. Path is absolute.
type Root struct {
	Kind Kind
	For  Purpose
	Path string
}

// A Change says what was seen to differ: for each [Purpose] the path of one file, or "".
type Change [purposes]string

// Any reports whether anything differs.
func (c Change) Any() bool { return c != Change{} }

// Builds reports whether something differs that the program is built or generated from.
func (c Change) Builds() bool { return c[Source] != "" || c[Input] != "" }

// note adds a file. Of several, a Go file is the one to name: no program writes those.
func (c *Change) note(r *record, path string) {
	for i := range c {
		if r.is(Purpose(i)) && filepath.Ext(c[i]) != ".go" {
			c[i] = path
		}
	}
}

// Or returns c, with what it lacks from d.
func (c Change) Or(d Change) Change {
	for i := range c {
		if c[i] == "" {
			c[i] = d[i]
		}
	}
	return c
}

// Without returns c without the files of some purposes.
func (c Change) Without(some ...Purpose) Change {
	for _, p := range some {
		c[p] = ""
	}
	return c
}

// Union returns a, and what it lacks of b. It is not inlined, since it is long, and called in many places.
//
//go:noinline
func Union(a, b []Root) []Root {
	known := make(map[Root]bool, len(a))
	for _, r := range a {
		known[r] = true
	}
	a = slices.Clip(a) // append must not write into the array of the caller
	for _, r := range b {
		if !known[r] {
			known[r] = true
			a = append(a, r)
		}
	}
	return a
}
