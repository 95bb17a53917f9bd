package watch

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

// A Set is every directory and file that some roots lead to, once, as each was when it was
// last looked at. It holds a path as directory and name, and no pointer per file: a large set is
// small, and costs the garbage collector nothing.
type Set struct {
	dirs     []string // sorted
	names    string   // of all files, end to end
	patterns []string // the elements of patterns that are looked for in directories
	records  []record // directories first, then the files in the order of dirs, then by name
	folders  int      // how many of them are directories
}

// A record is one file or directory.
type record struct {
	stamp
	hash    uint64 // of a file's content; of the names in a directory that matter
	dir     uint32 // of Set.dirs: a file's directory, or the directory itself
	name    uint32 // where a file's name begins in Set.names
	length  uint16 // of the name
	pattern uint16 // of Set.patterns
	kind    Kind
	use     uint8 // a bit for each Purpose
	fresh   bool  // look at its content too, or at a directory's names
}

func (r *record) is(p Purpose) bool { return r.use&(1<<p) != 0 }

// Len returns how many files there are, or may come.
func (s *Set) Len() int { return len(s.records) - s.folders }

// nameOf returns the name of a file in its directory.
func (s *Set) nameOf(r *record) string { return s.names[r.name : r.name+uint32(r.length)] }

// pathOf returns the path of a record, as a string of its own.
func (s *Set) pathOf(r *record) string {
	if r.kind.dir() {
		return s.dirs[r.dir]
	}
	return filepath.Join(s.dirs[r.dir], s.nameOf(r))
}

// find returns the record of a file, or nil.
func (s *Set) find(dir, name string) *record {
	d, ok := slices.BinarySearch(s.dirs, dir)
	i := s.position(uint32(d), name)
	if !ok || i == len(s.records) || s.records[i].dir != uint32(d) || s.nameOf(&s.records[i]) != name {
		return nil
	}
	return &s.records[i]
}

// position returns where the record of a file of a directory is, or would be.
func (s *Set) position(dir uint32, name string) int {
	return s.folders + sort.Search(s.Len(), func(i int) bool {
		r := &s.files()[i]
		return r.dir > dir || r.dir == dir && s.nameOf(r) >= name
	})
}

// span returns where the files of a directory begin and end.
func (s *Set) span(dir uint32) (from, to int) { return s.position(dir, ""), s.position(dir+1, "") }

func (s *Set) files() []record { return s.records[s.folders:] }

// A gatherer makes a Set. What it gathers is in no order, and may be there twice.
type gatherer struct {
	dirs     []string
	names    strings.Builder
	patterns []string
	records  []record
	look     func(path string) stamp
}

// folder adds a directory, and hands the names in it that matter to each.
func (g *gatherer) folder(r Root, pattern string, each func(os.DirEntry)) {
	g.dirs = append(g.dirs, r.Path)
	at := slices.Index(g.patterns, pattern)
	if at < 0 {
		at = len(g.patterns)
		g.patterns = append(g.patterns, pattern)
	}
	// The stamp before the names, and the names once: what comes later is then seen to
	// differ.
	s := g.look(r.Path)
	found := record{stamp: s, fresh: s.fresh(time.Now()), dir: uint32(len(g.dirs) - 1), pattern: uint16(at), kind: r.Kind, use: 1 << r.For}
	if s.mode.IsDir() {
		var ok bool
		found.hash, _, ok = readNames(r.Path, r.Kind, pattern, each)
		found.fresh = found.fresh || !ok // to be read again
	}
	g.records = append(g.records, found)
}

// file adds a file of the directory that was added last. It has no stamp yet.
func (g *gatherer) file(r Root, k Kind, name string) {
	name = name[:min(len(name), math.MaxUint16)] // no system has a longer one
	g.records = append(g.records, record{dir: uint32(len(g.dirs) - 1), name: uint32(g.names.Len()), length: uint16(len(name)),
		kind: k, use: 1 << r.For})
	g.names.WriteString(name)
}

// path adds the file r.Path.
func (g *gatherer) path(r Root, k Kind) {
	g.dirs = append(g.dirs, filepath.Dir(r.Path))
	g.file(r, k, filepath.Base(r.Path))
}

// set returns what was added, in order, and each path once.
func (g *gatherer) set() *Set {
	s := &Set{names: g.names.String(), patterns: g.patterns, dirs: slices.Clone(g.dirs), records: g.records}
	slices.Sort(s.dirs)
	s.dirs = slices.Clip(slices.Compact(s.dirs))
	number := make([]uint32, len(g.dirs)) // of each directory, in order
	for i, dir := range g.dirs {
		n, _ := slices.BinarySearch(s.dirs, dir)
		number[i] = uint32(n)
	}
	for i := range s.records {
		s.records[i].dir = number[s.records[i].dir]
	}
	sort.Sort((*byPath)(s))
	n := 0
	for i := range s.records {
		r := &s.records[i]
		if n > 0 && s.compare(&s.records[n-1], r) == 0 {
			last := &s.records[n-1]
			last.kind = max(last.kind, r.kind)
			last.use |= r.use // the executable may be a tracked file as well
			continue
		}
		s.records[n] = *r
		if n++; r.kind.dir() {
			s.folders = n
		}
	}
	s.records = slices.Clip(s.records[:n])
	return s
}

type byPath Set

func (s *byPath) Len() int           { return len(s.records) }
func (s *byPath) Less(i, j int) bool { return (*Set)(s).compare(&s.records[i], &s.records[j]) < 0 }
func (s *byPath) Swap(i, j int)      { s.records[i], s.records[j] = s.records[j], s.records[i] }

// compare orders directories before files, then by path. A directory may be there for
// several patterns.
func (s *Set) compare(a, b *record) int {
	switch {
	case a.kind.dir() && !b.kind.dir():
		return -1
	case !a.kind.dir() && b.kind.dir():
		return 1
	case a.dir != b.dir:
		return int(a.dir) - int(b.dir)
	case !a.kind.dir():
		return strings.Compare(s.nameOf(a), s.nameOf(b))
	}
	return int(a.kind)<<16 + int(a.pattern) - int(b.kind)<<16 - int(b.pattern)
}
