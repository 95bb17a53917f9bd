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
//	tracked    what the child has named to Track, and how that was, from the child
//	build      the process group of a build that is under way
//	list       that of a go list or go env
//	tmp/       the go command's own temporary directory
//	123/ …     executables, each under the program's name
//
// Files appear whole, by rename, but for tracked, which grows. A name says whose directory it is: restarter-PID-RANDOM.
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
	if err1 != nil || err2 != nil || !os.SameFile(held, there) {
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
	base := filepath.Dir(mine)
	entries, _ := os.ReadDir(base)
	for _, d := range entries {
		rest, ok := strings.CutPrefix(d.Name(), privatePrefix)
		pid, random, _ := strings.Cut(rest, "-")
		_, err1 := strconv.ParseUint(pid, 10, 64)
		_, err2 := strconv.ParseUint(random, 10, 64)
		dir := filepath.Join(base, d.Name())
		if !ok || err1 != nil || err2 != nil || dir == mine || !isPrivate(dir) {
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

// removePrivate removes a private directory, and nothing else under its name. The lock goes
// last: without it no sweep would know the rest.
func removePrivate(dir string) {
	for try := 0; isPrivate(dir) && try < 20; try++ {
		entries, _ := os.ReadDir(dir)
		for _, d := range entries {
			if d.Name() != "lock" {
				os.RemoveAll(filepath.Join(dir, d.Name()))
			}
		}
		if os.RemoveAll(dir) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond) // a process that was just killed may still write
	}
}

// settings is what the parent tells every child. Its fields are exported for writeFile.
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

// handover is what one process tells the next that watches. Its fields are exported for writeFile.
type handover struct {
	next
	recipe           // as far as it has been resolved
	Alias   string   // the content ID of the same program, built by our recipe
	Known   bool     // the sources have been listed, or cannot be
	Roots   []root   // what the program is made of
	Pending change   // seen, but neither built nor restarted for
	Files   fileSet  // what Roots, Track and the program lead to, as last seen
	Recent  []string // the files that changed last
	Awake   int64    // until when the poller is in its higher gear, in seconds
}

// next is what the parent reads of a hand-over.
type next struct {
	Exe  string // the executable to run
	ID   string // its content ID
	Turn int    // how many restarts have been asked for
}

// sameProgram goes by the content ID, where there is one.
func (n next) sameProgram(as next) bool { return n.ID == as.ID && (n.ID != "" || n.Exe == as.Exe) }

// readHandover returns nil where no child has left one.
func readHandover(dir string) *handover {
	h := new(handover)
	if readFile(dir, "handover", h) != nil {
		return nil
	}
	return h
}

// nextProgram returns what is to run.
func nextProgram(dir string, s *settings) (n next) {
	if readFile(dir, "handover", &n) != nil {
		return next{Exe: s.Program, ID: s.OldID}
	}
	return n
}
