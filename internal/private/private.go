// Package private makes and guards the directory in which a parent keeps the executables that
// it has built. Only its user can enter it, and a lock shows that its parent lives. However the
// parent ends, the directory is removed: by the parent, by its orphaned child, or by the next
// parent that starts.
//
// It knows nothing of what the files in the directory are.
//
// # What is opened, and whose it is
//
// For every path that the library opens or runs, this says whether another user can put something in
// its place:
//   - The directory lies in $GOTMPDIR or the temporary directory, where others may make
//     files. It is made anew, mode 0700, under a name that nobody can foresee. If it is removed, it is made again.
//     Before each use its owner and mode are checked; if that fails, nothing in it is used
//     ([Dir.Ensure]).
//   - An executable in it is run only if it is the very file that was built, by its identity,
//     size and time ([Dir.Same]).
//   - The lock is opened without following links, and compared with the name afterwards.
//   - The sweep removes only directories that belong to this user.
//   - The executable that the parent was started from is run by its path again, as any
//     supervisor does: who can write there can replace the program anyway.
//   - Sources are built only if others cannot write to their directories, or if the user
//     stands there (package gotool).
//   - The go command comes from the PATH that the parent was started with.
//   - What Track names and what the go command lists is read to compare it, never run.
package private

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// A name says whose directory it is: restarter-PID-TIME.
const prefix = "restarter-"

// A Dir is a private directory. Its methods may be called by several goroutines.
type Dir struct {
	Path string
	mu   sync.Mutex
	lock *os.File        // nil as long as the directory could not be made
	kept map[string]file // the executables that were finished

	folders atomic.Int64 // how many were made
}

// A file is one that was put into the directory, as it was then.
type file struct {
	os.FileInfo
	linked bool // it has a name elsewhere too
}

// New makes a private directory in base and holds its lock. It sweeps away what dead parents of this user have left
// there. If the directory cannot be made now, because the disk is full for example, Ensure tries again.
func New(base string) *Dir {
	if abs, err := filepath.Abs(base); err == nil {
		base = abs
	}
	for try := 1; ; try++ {
		name := fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), time.Now().UnixNano())
		d := &Dir{Path: filepath.Join(base, name), kept: make(map[string]file)}
		// A sweep may take the directory away before it is locked: then try again, with another name.
		if d.Ensure() == nil || try == 10 {
			sweep(d.Path)
			return d
		}
		Remove(d.Path)
	}
}

const remedy = "GOTMPDIR or TMPDIR can name another place"

// Ensure makes the directory if it could not be made before, or was removed.
func (d *Dir) Ensure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := os.Mkdir(d.Path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w; "+remedy, err)
	}
	if !isPrivate(d.Path) {
		return fmt.Errorf("%s is not a directory that only you can use", d.Path)
	}
	if !system.Exists(filepath.Join(d.Path, "lock")) || d.lock == nil {
		d.lock.Close()
		lock, err := hold(d.Path)
		if err != nil {
			return fmt.Errorf("%w; "+remedy, err)
		}
		d.lock = lock
	}
	return nil
}

// Folder makes a new folder in the directory.
func (d *Dir) Folder() (string, error) {
	if err := d.Ensure(); err != nil {
		return "", err
	}
	folder := filepath.Join(d.Path, strconv.FormatInt(d.folders.Add(1), 10))
	if err := os.Mkdir(folder, 0o700); err != nil {
		return "", fmt.Errorf("%w; "+remedy, err)
	}
	return folder, nil
}

// Keep remembers a file of the directory, for Same.
func (d *Dir) Keep(name string) error { return d.keep(name, false) }

// KeepLink is Keep for another name of a file elsewhere, which may get another time there.
func (d *Dir) KeepLink(name string) error { return d.keep(name, true) }

func (d *Dir) keep(name string, linked bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := os.Lstat(name)
	if err == nil {
		d.kept[name] = file{info, linked}
	}
	return err
}

// Same says why a file of the directory is not the one that was kept. A file outside the directory is
// not checked.
func (d *Dir) Same(name string) error {
	if !strings.HasPrefix(name, d.Path+string(filepath.Separator)) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	was, ok := d.kept[name]
	if !isPrivate(d.Path) || !ok || !os.SameFile(was.FileInfo, info) || was.Size() != info.Size() ||
		!was.linked && !was.ModTime().Equal(info.ModTime()) {
		return fmt.Errorf("%s has been replaced or changed", name)
	}
	return nil
}

// Drop removes the folder of a file of the directory.
func (d *Dir) Drop(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.kept, name)
	if dir := filepath.Dir(name); filepath.Dir(dir) == d.Path && isPrivate(d.Path) {
		os.RemoveAll(dir)
	}
}

// Remove gives up the lock and removes the directory.
func (d *Dir) Remove() {
	d.lock.Close()
	Remove(d.Path)
}

// hold locks a private directory.
func hold(dir string) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	f, err := system.Lock(name)
	if err != nil {
		return nil, err
	}
	held, err1 := f.Stat()
	there, err2 := os.Lstat(name)
	if err1 != nil || err2 != nil || !os.SameFile(held, there) {
		f.Close()
		return nil, fmt.Errorf("%s was removed or replaced", dir)
	}
	return f, nil
}

// isPrivate reports whether dir is a directory that only this user may use.
func isPrivate(dir string) bool {
	info, err := os.Lstat(dir)
	return err == nil && info.IsDir() && system.IsPrivate(info)
}

// sweep removes what dead parents of this user have left behind. A lock ends with its holder, so
// it shows whether the parent is dead, even if another process has its PID by now.
func sweep(mine string) {
	base := filepath.Dir(mine)
	entries, _ := os.ReadDir(base)
	for _, d := range entries {
		rest, ok := strings.CutPrefix(d.Name(), prefix)
		pid, made, _ := strings.Cut(rest, "-")
		_, err1 := strconv.ParseUint(pid, 10, 64)
		_, err2 := strconv.ParseUint(made, 10, 64)
		dir := filepath.Join(base, d.Name())
		if !ok || err1 != nil || err2 != nil || dir == mine || !isPrivate(dir) {
			continue
		}
		name := filepath.Join(dir, "lock")
		if !system.Exists(name) {
			os.Remove(dir) // only if empty: its parent died at once, or is about to lock it
			continue
		}
		if f, err := system.Lock(name); err == nil {
			Remove(dir)
			f.Close()
			empty(dir) // where an open file cannot be removed
		}
	}
}

// Remove removes the private directory of a parent that is gone, and nothing else under its
// name. The lock goes last: without it no sweep would know the rest.
func Remove(dir string) {
	for try := 0; isPrivate(dir) && try < 20; try++ {
		if empty(dir) {
			return
		}
		time.Sleep(10 * time.Millisecond) // a process that was just killed may still write
	}
}

// empty removes a directory with what is in it, the lock only if all else could be removed. It
// reports whether nothing is left.
func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	for _, d := range entries {
		if d.Name() != "lock" {
			if err2 := os.RemoveAll(filepath.Join(dir, d.Name())); err == nil {
				err = err2
			}
		}
	}
	return err == nil && os.RemoveAll(dir) == nil
}

// Copy copies a file, as an executable. If it fails, nothing is left.
func Copy(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err2 := out.Close(); err == nil {
		err = err2
	}
	if err != nil {
		os.Remove(to)
	}
	return err
}
