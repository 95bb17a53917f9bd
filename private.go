package restarter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The private directory is made by the parent, for itself and its children:
//
//	lock       held by the parent as long as it lives
//	settings   what the children need to know, from the parent
//	handover   what is watched and what is to run, from the last child
//	sockets    the listeners that the child inherits, from the parent
//	dropped    those of them that the child does not want, from the child
//	build      the process group of a build that is under way
//	stop       the parent was told to stop
//	tmp/       the go command's own temporary directory
//	1/ 2/ …    executables, each under the program's name
//
// Files appear whole, by rename. A name says whose directory it is: restarter-PID-RANDOM.
const privatePrefix = "restarter-"

// privateBase is where private directories are made: as go run does it, since the
// temporary directory may be mounted noexec.
func privateBase() string {
	if dir := os.Getenv("GOTMPDIR"); dir != "" {
		return dir
	}
	return os.TempDir()
}

// newPrivate makes a private directory and holds its lock.
func newPrivate() (dir string, lock *os.File, err error) {
	base, err := filepath.Abs(privateBase())
	if err != nil {
		return "", nil, err
	}
	for try := 0; try < 10; try++ {
		if dir, err = os.MkdirTemp(base, privatePrefix+strconv.Itoa(os.Getpid())+"-"); err != nil {
			return "", nil, fmt.Errorf("%w; GOTMPDIR or TMPDIR can name another place", err)
		}
		// A sweep may take the directory away between these two lines: then try again.
		if lock, err = holdLock(dir); err == nil {
			return dir, lock, nil
		}
		os.RemoveAll(dir)
	}
	return "", nil, err
}

// ensurePrivate makes the private directory again, should somebody have removed it.
func ensurePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if !isPrivate(dir) {
		return fmt.Errorf("%s belongs to somebody else", dir)
	}
	return nil
}

// holdLock locks a private directory.
func holdLock(dir string) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	f, err := lockFile(name)
	if err != nil {
		return nil, err
	}
	held, err1 := f.Stat()
	there, err2 := os.Lstat(name)
	if err := errors.Join(err1, err2); err != nil || !os.SameFile(held, there) {
		f.Close()
		return nil, fmt.Errorf("%s was taken away", dir)
	}
	return f, nil
}

// isPrivate reports whether dir is a directory that only this user may use.
func isPrivate(dir string) bool {
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir() && ours(info)
}

// sweep removes what dead parents of this user have left behind. The lock tells: it went
// with its holder, whatever process has the number now.
func sweep(mine string) {
	dirs, _ := filepath.Glob(filepath.Join(filepath.Dir(mine), privatePrefix+"*-*"))
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), privatePrefix), "-")
		if _, err := strconv.Atoi(pid); err != nil || dir == mine || !isPrivate(dir) {
			continue
		}
		name := filepath.Join(dir, "lock")
		if !exists(name) {
			os.Remove(dir) // only if empty: its parent died at once, or is about to lock it
			continue
		}
		if f, err := lockFile(name); err == nil {
			removePrivate(dir)
			f.Close()
			os.RemoveAll(dir) // where an open file cannot be removed
		}
	}
}

// removePrivate removes a private directory, and nothing else under its name.
func removePrivate(dir string) {
	for try := 0; isPrivate(dir) && try < 20; try++ {
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond) // a process that was just killed may still write
	}
}

// writeWhole writes a file of the private directory, so that it appears whole. What stands
// there already needs no room on a full disk.
func writeWhole(name string, data []byte) error {
	if old, err := os.ReadFile(name); err == nil && string(old) == string(data) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), "new-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// settings is what the parent tells every child.
type settings struct {
	Recipe   recipe // as far as the linker recorded it
	Program  string // the executable that the parent was started from, as it was named
	Began    int64  // the build of that executable began not before this file time
	Old      stamp  // of Program
	OldID    string // its content ID
	Wd       string // where the user stands
	Interval time.Duration
	Grace    time.Duration
	Quiet    bool
}

// handover is what one process tells the next that watches.
type handover struct {
	recipe         // as far as it has been resolved
	Exe     string // the executable to run
	ID      string // its content ID
	Alias   string // the content ID of the same program, built by our recipe
	Known   bool   // the sources have been listed, or cannot be
	Roots   []root // without what Track names
	Tracked []string
	Pending change // seen, but neither built nor restarted for
	Files   map[string]record
	Recent  []string // the files that changed last
	Awake   int64    // until when the poller is in its higher gear, in seconds
}

// format changes whenever settings or handover do: the child may have been built with
// another version of this package than its parent.
const format = 1

var errFormat = errors.New("the parent was built with another version of restarter; start it again")

func (s *settings) write(dir string) error {
	var w wire
	w.int(format)
	w.recipe(&s.Recipe)
	w.string(s.Program, s.OldID, s.Wd)
	w.stamp(s.Old)
	w.int(s.Began, int64(s.Interval), int64(s.Grace), bit(s.Quiet))
	return writeWhole(filepath.Join(dir, "settings"), w)
}

func readSettings(dir string) (s settings, err error) {
	data, err := os.ReadFile(filepath.Join(dir, "settings"))
	if err != nil {
		return s, err
	}
	r := wireReader{data: data}
	if r.int() != format {
		return s, errFormat
	}
	s.Recipe = r.recipe()
	s.Program, s.OldID, s.Wd = r.string(), r.string(), r.string()
	s.Old = r.stamp()
	s.Began, s.Interval, s.Grace, s.Quiet = r.int(), time.Duration(r.int()), time.Duration(r.int()), r.int() == 1
	return s, r.err
}

func (h *handover) write(dir string) error {
	var w wire
	w.int(format)
	w.string(h.Exe, h.ID, h.Alias)
	w.int(bit(h.Known), int64(len(h.Roots)))
	w.recipe(&h.recipe)
	w.strings(h.Tracked)
	w.string(h.Pending.source, h.Pending.tracked)
	for _, r := range h.Roots {
		w.int(int64(r.kind), bit(r.source), bit(r.tracked))
		w.string(r.path)
	}
	w.int(int64(len(h.Files)))
	for path, r := range h.Files {
		w.int(int64(r.kind), bit(r.source), bit(r.tracked))
		w.string(path)
		w.stamp(r.stamp)
	}
	w.strings(h.Recent)
	w.int(h.Awake)
	return writeWhole(filepath.Join(dir, "handover"), w)
}

// readHandover returns nil where no child has left one.
func readHandover(dir string) *handover {
	data, err := os.ReadFile(filepath.Join(dir, "handover"))
	if err != nil {
		return nil
	}
	r := wireReader{data: data}
	if r.int() != format {
		return nil
	}
	h := &handover{Exe: r.string(), ID: r.string(), Alias: r.string(), Known: r.int() == 1}
	roots := r.int()
	h.recipe, h.Tracked = r.recipe(), r.strings()
	h.Pending = change{source: r.string(), tracked: r.string()}
	for ; roots > 0 && r.err == nil; roots-- {
		h.Roots = append(h.Roots, root{kind(r.int()), r.int() == 1, r.int() == 1, r.string()})
	}
	h.Files = make(map[string]record)
	for files := r.int(); files > 0 && r.err == nil; files-- {
		f := record{kind: kind(r.int()), source: r.int() == 1, tracked: r.int() == 1}
		path := r.string()
		f.stamp = r.stamp()
		h.Files[path] = f
	}
	h.Recent, h.Awake = r.strings(), r.int()
	if r.err != nil {
		return nil
	}
	return h
}

// nextProgram returns the executable that is to run, with its content ID.
func nextProgram(dir string, s *settings) (exe, id string) {
	data, err := os.ReadFile(filepath.Join(dir, "handover"))
	r := wireReader{data: data}
	if err != nil || r.int() != format {
		return s.Program, s.OldID
	}
	return r.string(), r.string()
}
