package restarter

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A fileSet is every directory and file that is watched, once. It holds a path as directory
// and name, and no pointer per file: a large set is small, and costs the garbage collector
// nothing.
type fileSet struct {
	dirs     []string // sorted
	names    string   // of all files, end to end
	patterns []string // of globs
	records  []record // directories first, then the files in the order of dirs, then by name
	folders  int      // how many of them are directories
}

// A record is one file or directory, as it was when it was last looked at.
type record struct {
	stamp
	dir     uint32 // of fileSet.dirs: a file's directory, or the directory itself
	name    uint32 // where a file's name begins in fileSet.names
	length  uint16 // of the name
	pattern uint16 // of fileSet.patterns, for a glob
	kind    kind
	source  bool // the program is made of it
	tracked bool // Track names it
	fresh   bool // look at its content too, or at a directory's names
}

// nameOf returns the name of a file in its directory.
func (s *fileSet) nameOf(r *record) string { return s.names[r.name : r.name+uint32(r.length)] }

// pathOf returns the path of a record, as a string of its own.
func (s *fileSet) pathOf(r *record) string {
	if r.kind.dir() {
		return s.dirs[r.dir]
	}
	return filepath.Join(s.dirs[r.dir], s.nameOf(r))
}

// path returns the path of a record. It is a piece of a long string that is begun anew when
// it is full, so that a look allocates nothing besides what os.Stat does.
func (p *poller) path(r *record) string {
	dir := p.dirs[r.dir]
	if r.kind.dir() {
		return dir
	}
	if free := p.paths.Cap() - p.paths.Len(); free < len(dir)+1+int(r.length) {
		p.paths = strings.Builder{}
		p.paths.Grow(max(16<<10, len(dir)+1+int(r.length)))
	}
	at := p.paths.Len()
	p.paths.WriteString(dir)
	if !os.IsPathSeparator(dir[len(dir)-1]) {
		p.paths.WriteByte(filepath.Separator)
	}
	p.paths.WriteString(p.nameOf(r))
	return p.paths.String()[at:]
}

// find returns the index of a file's record, or -1.
func (s *fileSet) find(dir, name string) int {
	d, ok := slices.BinarySearch(s.dirs, dir)
	if !ok {
		return -1
	}
	i, ok := slices.BinarySearchFunc(s.files(), name, func(r record, name string) int {
		if c := cmp.Compare(r.dir, uint32(d)); c != 0 {
			return c
		}
		return strings.Compare(s.nameOf(&r), name)
	})
	if !ok {
		return -1
	}
	return s.folders + i
}

func (s *fileSet) files() []record { return s.records[s.folders:] }

// filesIn returns the files of a directory.
func (s *fileSet) filesIn(dir uint32) []record {
	byDir := func(r record, dir uint32) int { return cmp.Compare(r.dir, dir) }
	from, _ := slices.BinarySearchFunc(s.files(), dir, byDir)
	to, _ := slices.BinarySearchFunc(s.files(), dir+1, byDir)
	return s.files()[from:to]
}

// byPath returns the files of a set, for the hand-over. Directories are left out: whoever
// watches next has to read their names again.
func (s *fileSet) byPath() map[string]record {
	all := make(map[string]record, len(s.files()))
	for _, r := range s.files() {
		all[s.pathOf(&r)] = r
	}
	return all
}

// setOf is the reverse of byPath.
func setOf(all map[string]record) fileSet {
	var g gatherer
	for path, r := range all {
		g.path(root{source: r.source, tracked: r.tracked, path: path}, r.kind)
		g.records[len(g.records)-1].stamp = r.stamp
	}
	return g.set()
}

// A gatherer makes a fileSet. What it gathers is in no order, and may be there twice.
type gatherer struct {
	dirs     []string
	names    strings.Builder
	patterns []string
	records  []record
	look     func(path string) stamp
}

// folder adds a directory, and hands the names in it that matter to each.
func (g *gatherer) folder(r root, pattern string, each func(os.DirEntry)) (dir uint32) {
	at := slices.Index(g.patterns, pattern)
	if at < 0 {
		at = len(g.patterns)
		g.patterns = append(g.patterns, pattern)
	}
	// The stamp before the names, and the names once: what comes later is then seen to
	// differ.
	s := g.look(r.path)
	fresh := s.fresh(time.Now())
	if s.mode.IsDir() {
		s.hash, _ = readNames(r.path, r.kind, pattern, each)
	}
	dir = uint32(len(g.dirs))
	g.dirs = append(g.dirs, r.path)
	g.records = append(g.records, record{stamp: s, fresh: fresh, dir: dir, pattern: uint16(at),
		kind: r.kind, source: r.source, tracked: r.tracked})
	return dir
}

// file adds a file that has no stamp yet.
func (g *gatherer) file(r root, k kind, dir uint32, name string) {
	g.records = append(g.records, record{dir: dir, name: uint32(g.names.Len()), length: uint16(len(name)),
		kind: k, source: r.source, tracked: r.tracked})
	g.names.WriteString(name)
}

// path adds the file r.path.
func (g *gatherer) path(r root, k kind) {
	g.dirs = append(g.dirs, filepath.Dir(r.path))
	g.file(r, k, uint32(len(g.dirs)-1), filepath.Base(r.path))
}

// set returns what was added, in order, and each path once.
func (g *gatherer) set() fileSet {
	s := fileSet{names: g.names.String(), patterns: g.patterns, dirs: slices.Clone(g.dirs)}
	slices.Sort(s.dirs)
	s.dirs = slices.Clip(slices.Compact(s.dirs))
	number := make([]uint32, len(g.dirs)) // of each directory, in order
	for i, dir := range g.dirs {
		n, _ := slices.BinarySearch(s.dirs, dir)
		number[i] = uint32(n)
	}
	for i := range g.records {
		g.records[i].dir = number[g.records[i].dir]
	}
	slices.SortFunc(g.records, s.compare)
	n := 0
	for i, r := range g.records {
		if i > 0 && s.compare(r, g.records[n-1]) == 0 {
			last := &g.records[n-1]
			last.kind = max(last.kind, r.kind) // the program may be a tracked file as well
			last.source = last.source || r.source
			last.tracked = last.tracked || r.tracked
			continue
		}
		g.records[n] = r
		if n++; r.kind.dir() {
			s.folders = n
		}
	}
	s.records = slices.Clip(g.records[:n])
	return s
}

// compare orders directories before files, then by path. A directory may be there for
// several patterns.
func (s *fileSet) compare(a, b record) int {
	switch {
	case a.kind.dir() != b.kind.dir() && a.kind.dir():
		return -1
	case a.kind.dir() != b.kind.dir():
		return 1
	case a.dir != b.dir:
		return cmp.Compare(a.dir, b.dir)
	case !a.kind.dir():
		return strings.Compare(s.nameOf(&a), s.nameOf(&b))
	case a.kind != b.kind:
		return cmp.Compare(a.kind, b.kind)
	}
	return cmp.Compare(a.pattern, b.pattern)
}
