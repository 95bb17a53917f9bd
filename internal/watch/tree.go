package watch

import (
	"errors"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lib537/restarter/internal/system"
)

// expand makes the set of what roots lead to now. Directories have their stamps, taken by
// look, files have none yet.
func expand(roots []Root, look func(path string) stamp) *Set {
	g := &gatherer{look: look}
	for _, r := range roots {
		switch r.Kind {
		case Package, Tree:
			g.walk(r)
		case Pattern:
			g.glob(r)
		default:
			g.path(r, r.Kind)
		}
	}
	return g.set()
}

// walk adds a directory and the files in it that matter, those of a tree at any depth.
func (g *gatherer) walk(r Root) {
	var below []string
	g.folder(r, "", func(d os.DirEntry) {
		if d.IsDir() {
			below = append(below, d.Name())
		} else {
			g.file(r, member, d.Name())
		}
	})
	for _, name := range below {
		g.walk(Root{r.Kind, r.For, filepath.Join(r.Path, name)})
	}
}

// glob adds the directories in which the elements of a pattern are looked for, and the
// files and trees that it leads to.
func (g *gatherer) glob(r Root) {
	base, elems := r.Path, []string(nil)
	for hasMeta(base) && !system.Exists(base) && filepath.Dir(base) != base {
		if elem := filepath.Base(base); elem != anyDepth || len(elems) > 0 && elems[0] != anyDepth {
			elems = append([]string{elem}, elems...) // else a tree is as deep anyway
		}
		base = filepath.Dir(base)
	}
	bases := []string{base}
	for _, elem := range elems {
		var next []string
		for _, base := range bases {
			at := Root{r.Kind, r.For, base}
			if elem == anyDepth {
				next = append(next, g.below(at)...)
				continue
			}
			g.folder(at, elem, func(d os.DirEntry) { next = append(next, filepath.Join(base, d.Name())) })
		}
		bases = next
	}
	kind := member
	if len(elems) == 0 {
		kind = File
	}
	slices.Sort(bases)
	tree := ""
	for _, base := range bases {
		if tree != "" && strings.HasPrefix(base, tree) {
			continue // it is in that
		}
		at := Root{Tree, r.For, base}
		if system.IsDir(base) {
			g.walk(at)
			tree = base + string(filepath.Separator)
			continue
		}
		g.path(at, kind)
	}
}

// anyDepth is the element of a pattern that stands for any number of directories, or none.
const anyDepth = "**"

// below adds a directory and all that lie below it, and returns them.
func (g *gatherer) below(r Root) []string {
	var names []string
	g.folder(r, anyDepth, func(d os.DirEntry) {
		if d.IsDir() {
			names = append(names, d.Name())
		}
	})
	all := []string{r.Path}
	for _, name := range names {
		all = append(all, g.below(Root{r.Kind, r.For, filepath.Join(r.Path, name)})...)
	}
	return all
}

func hasMeta(path string) bool { return strings.ContainsAny(path, `*?[`) }

// readNames hands the names of a directory that matter to each, if there is one. It returns
// a hash of them, in any order, and how many names there are in all; ok is false if they
// cannot be read now. It takes a large directory in pieces, to leave little behind.
func readNames(dir string, k Kind, pattern string, each func(os.DirEntry)) (hash uint64, all int, ok bool) {
	f, err := system.Open(dir)
	if err != nil {
		return 0, 0, errors.Is(err, os.ErrNotExist)
	}
	defer f.Close()
	var sum uint64
	for {
		some, err := f.ReadDir(256)
		for _, d := range some {
			name := d.Name()
			matters := !junk(name) && !(d.IsDir() && private(name)) && d.Type()&(os.ModeSocket|os.ModeNamedPipe|os.ModeDevice) == 0
			switch k {
			case Package:
				matters = !d.IsDir() && goReads(name)
			case Pattern:
				ok, _ := filepath.Match(pattern, name)
				matters = matters && (ok || name == pattern) // [id].html may be the name of a file
			}
			if !matters {
				continue
			}
			if d.IsDir() {
				name += "/"
			}
			if sum += maphash.String(seed, name); each != nil {
				each(d)
			}
		}
		if all += len(some); err != nil {
			return sum | 1, all, err == io.EOF
		}
	}
}

// goReads reports whether the go command may build a file of this name into a package.
func goReads(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || strings.HasSuffix(name, "_test.go") {
		return false
	}
	switch filepath.Ext(name) {
	case ".go", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90",
		".s", ".S", ".sx", ".swig", ".swigcxx", ".syso":
		return true
	}
	return name == "default.pgo"
}

// private reports whether a directory of this name is one in which a parent keeps executables. The temporary directory may
// be below a tree that is tracked.
func private(name string) bool {
	rest, ok := strings.CutPrefix(name, "restarter-")
	pid, made, _ := strings.Cut(rest, "-")
	_, err1 := strconv.ParseUint(pid, 10, 64)
	_, err2 := strconv.ParseUint(made, 10, 64)
	return ok && err1 == nil && err2 == nil
}

// junk reports whether editors, version control and file systems leave files of this name
// behind, which are nobody's source.
func junk(name string) bool {
	switch name {
	case "4913", ".DS_Store", ".git", ".hg", ".svn", ".jj", ".idea", ".vscode":
		return true
	}
	for _, prefix := range []string{".#", ".nfs", ".goutputstream-", ".fuse_hidden", "#"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	swap := strings.HasPrefix(name, ".") && len(name) > 4 && strings.HasPrefix(name[len(name)-4:], ".sw")
	swap = swap || strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".kate-swp")
	lock := strings.HasPrefix(name, ".~lock.") && strings.HasSuffix(name, "#")
	return swap || lock || strings.HasSuffix(name, "~") || strings.Contains(name, "___jb_")
}
