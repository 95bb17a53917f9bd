package restarter

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

// A fileSet is every directory and file that is watched, once. It holds a path as directory
// and name, and no pointer per file: a large set is small, and costs the garbage collector
// nothing.
type fileSet struct {
	Dirs     []string // sorted
	Names    string   // of all files, end to end
	Patterns []string // of globs
	Records  []record // directories first, then the files in the order of dirs, then by name
	Folders  int      // how many of them are directories
}

// A record is one file or directory, as it was when it was last looked at.
type record struct {
	stamp
	Dir     uint32 // of fileSet.dirs: a file's directory, or the directory itself
	Name    uint32 // where a file's name begins in fileSet.names
	Length  uint16 // of the name
	Pattern uint16 // of fileSet.patterns, for a glob
	Kind    kind
	Source  bool // the program is made of it
	Tracked bool // Track names it
	Fresh   bool // look at its content too, or at a directory's names
}

// nameOf returns the name of a file in its directory.
func (s *fileSet) nameOf(r *record) string { return s.Names[r.Name : r.Name+uint32(r.Length)] }

// pathOf returns the path of a record, as a string of its own.
func (s *fileSet) pathOf(r *record) string {
	if r.Kind.dir() {
		return s.Dirs[r.Dir]
	}
	return filepath.Join(s.Dirs[r.Dir], s.nameOf(r))
}

// path returns the path of a record. It is a piece of a long string that is begun anew when
// it is full, so that a look allocates nothing besides what os.Stat does.
func (p *poller) path(r *record) string {
	dir := p.Dirs[r.Dir]
	if r.Kind.dir() {
		return dir
	}
	if free := p.paths.Cap() - p.paths.Len(); free < len(dir)+1+int(r.Length) {
		p.paths = strings.Builder{}
		p.paths.Grow(max(16<<10, len(dir)+1+int(r.Length)))
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
	d, ok := slices.BinarySearch(s.Dirs, dir)
	if !ok {
		return -1
	}
	from, to := s.span(uint32(d))
	i := from + sort.Search(to-from, func(i int) bool { return s.nameOf(&s.Records[from+i]) >= name })
	if i == to || s.nameOf(&s.Records[i]) != name {
		return -1
	}
	return i
}

// findDir returns the index of the record of a directory like r, a record of the set of, or -1.
func (s *fileSet) findDir(r *record, of *fileSet) int {
	d, ok := slices.BinarySearch(s.Dirs, of.Dirs[r.Dir])
	if !ok {
		return -1
	}
	i := sort.Search(s.Folders, func(i int) bool { return s.Records[i].Dir >= uint32(d) })
	for ; i < s.Folders && s.Records[i].Dir == uint32(d); i++ {
		if s.Records[i].Kind == r.Kind && s.Patterns[s.Records[i].Pattern] == of.Patterns[r.Pattern] {
			return i
		}
	}
	return -1
}

// span returns where the files of a directory begin and end.
func (s *fileSet) span(dir uint32) (from, to int) {
	first := func(dir uint32) int {
		return s.Folders + sort.Search(len(s.files()), func(i int) bool { return s.files()[i].Dir >= dir })
	}
	return first(dir), first(dir + 1)
}

func (s *fileSet) files() []record { return s.Records[s.Folders:] }

// untrack leaves out what only Track has named.
func (s *fileSet) untrack() {
	all := s.Records
	s.Records, s.Folders = all[:0], 0
	for _, r := range all {
		if r.Tracked = false; !r.Source && r.Kind != program {
			continue
		}
		if s.Records = append(s.Records, r); r.Kind.dir() {
			s.Folders++
		}
	}
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
	s := g.look(r.Path)
	fresh := s.fresh(time.Now())
	if s.Mode.IsDir() {
		var ok bool
		s.Hash, _, ok = readNames(r.Path, r.Kind, pattern, each)
		fresh = fresh || !ok // to be read again
	}
	dir = uint32(len(g.dirs))
	g.dirs = append(g.dirs, r.Path)
	g.records = append(g.records, record{stamp: s, Fresh: fresh, Dir: dir, Pattern: uint16(at),
		Kind: r.Kind, Source: r.Source, Tracked: r.Tracked})
	return dir
}

// file adds a file that has no stamp yet.
func (g *gatherer) file(r root, k kind, dir uint32, name string) {
	name = name[:min(len(name), math.MaxUint16)] // no system has a longer one
	g.records = append(g.records, record{Dir: dir, Name: uint32(g.names.Len()), Length: uint16(len(name)),
		Kind: k, Source: r.Source, Tracked: r.Tracked})
	g.names.WriteString(name)
}

// path adds the file r.path.
func (g *gatherer) path(r root, k kind) {
	g.dirs = append(g.dirs, filepath.Dir(r.Path))
	g.file(r, k, uint32(len(g.dirs)-1), filepath.Base(r.Path))
}

// set returns what was added, in order, and each path once.
func (g *gatherer) set() fileSet {
	s := fileSet{Names: g.names.String(), Patterns: g.patterns, Dirs: slices.Clone(g.dirs), Records: g.records}
	slices.Sort(s.Dirs)
	s.Dirs = slices.Clip(slices.Compact(s.Dirs))
	number := make([]uint32, len(g.dirs)) // of each directory, in order
	for i, dir := range g.dirs {
		n, _ := slices.BinarySearch(s.Dirs, dir)
		number[i] = uint32(n)
	}
	for i := range s.Records {
		s.Records[i].Dir = number[s.Records[i].Dir]
	}
	sort.Sort(&s)
	n := 0
	for i := range s.Records {
		r := &s.Records[i]
		if n > 0 && s.compare(&s.Records[n-1], r) == 0 {
			last := &s.Records[n-1]
			last.Kind = max(last.Kind, r.Kind) // the program may be a tracked file as well
			last.Source = last.Source || r.Source
			last.Tracked = last.Tracked || r.Tracked
			continue
		}
		s.Records[n] = *r
		if n++; r.Kind.dir() {
			s.Folders = n
		}
	}
	s.Records = s.Records[:n]
	return s
}

func (s *fileSet) Len() int           { return len(s.Records) }
func (s *fileSet) Less(i, j int) bool { return s.compare(&s.Records[i], &s.Records[j]) < 0 }
func (s *fileSet) Swap(i, j int)      { s.Records[i], s.Records[j] = s.Records[j], s.Records[i] }

// compare orders directories before files, then by path. A directory may be there for
// several patterns.
func (s *fileSet) compare(a, b *record) int {
	switch {
	case a.Kind.dir() && !b.Kind.dir():
		return -1
	case !a.Kind.dir() && b.Kind.dir():
		return 1
	case a.Dir != b.Dir:
		return int(a.Dir) - int(b.Dir)
	case !a.Kind.dir():
		return strings.Compare(s.nameOf(a), s.nameOf(b))
	}
	return int(a.Kind)<<16 + int(a.Pattern) - int(b.Kind)<<16 - int(b.Pattern)
}

// set makes the poller watch what the roots lead to now. A file that is known keeps its
// stamp, to be compared at the next look. It returns the records of directories and existing
// files that were not known, and what was known to exist and does not belong to the set any more.
func (p *poller) set(roots []root, known ...*fileSet) (came []int, gone change) {
	p.fileSet, p.roots, p.nextCold = expand(roots, p.stamp), roots, 0
	for i := range p.Records {
		r := &p.Records[i]
		was := -1
		for _, old := range known {
			if i < p.Folders {
				was = old.findDir(r, &p.fileSet)
			} else if was = old.find(p.Dirs[r.Dir], p.nameOf(r)); was >= 0 {
				r.stamp, r.Fresh = old.Records[was].stamp, old.Records[was].Fresh
			}
			if was >= 0 {
				break
			}
		}
		if was >= 0 {
			continue
		}
		if i >= p.Folders {
			path := p.path(r)
			p.keep(r, p.stamp(path), path)
		}
		if r.exists() {
			came = append(came, i)
		}
	}
	for _, old := range known {
		for i := range old.files() {
			was := &old.files()[i]
			if was.exists() && p.find(old.Dirs[was.Dir], old.nameOf(was)) < 0 {
				gone.note(was, old.pathOf(was))
			}
		}
	}
	p.left = 0
	p.heat()
	return came, gone
}
