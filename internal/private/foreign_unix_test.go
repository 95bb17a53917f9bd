//go:build unix

package private

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What somebody else has prepared under the name of a private directory stays as it is.
func TestForeignDirectoriesStay(t *testing.T) {
	base, elsewhere := t.TempDir(), t.TempDir()
	prepare := func(name string, mode os.FileMode, owner int) {
		t.Helper()
		dir := filepath.Join(base, name)
		check(t, os.Mkdir(dir, 0o700))
		for _, file := range []string{"lock", "app"} {
			save(t, filepath.Join(dir, file), "1")
		}
		check(t, os.Chmod(dir, mode))
		if owner != 0 {
			check(t, os.Chown(dir, owner, owner))
		}
	}
	prepare("restarter-999999-1", 0o777, 0) // open to others
	prepare("restarter-999999-4", 0o750, 0)
	prepare("restarter-2026-notes", 0o700, 0)
	prepare("restarter-x-1", 0o700, 0)
	prepare("restarter--1-1", 0o700, 0)
	prepare("restarter-1", 0o700, 0)
	prepare("my-restarter-1-1", 0o700, 0)
	if os.Getuid() == 0 {
		prepare("restarter-999999-2", 0o700, 65534)
	}
	save(t, filepath.Join(base, "restarter-999999-5"), "a file")
	save(t, filepath.Join(elsewhere, "lock"), "")
	check(t, os.Symlink(elsewhere, filepath.Join(base, "restarter-999999-3")))
	before := entries(t, base)

	d := New(base)
	d.Remove()
	for _, name := range before {
		name := filepath.Join(base, name)
		if info, err := os.Lstat(name); err != nil || info.IsDir() && len(entries(t, name)) != 2 {
			t.Errorf("%s was swept: %v", name, err)
		}
	}
	if len(entries(t, elsewhere)) != 1 {
		t.Error("a symbolic link was followed")
	}
}

// An orphan removes what it takes for the directory of its parent by name.
func TestRemoveOfAForeignDirectory(t *testing.T) {
	for way, prepare := range others(t) {
		dir := filepath.Join(t.TempDir(), "restarter-1-1")
		prepare(dir)
		real, err := filepath.EvalSymlinks(dir)
		check(t, err)
		if info, err := os.Stat(real); err == nil && info.IsDir() {
			save(t, filepath.Join(real, "lock"), "1")
		}
		Remove(dir)
		if info, err := os.Stat(real); !exists(dir) || err != nil || info.IsDir() && !exists(filepath.Join(real, "lock")) {
			t.Errorf("%s: something was taken away", way)
		}
	}
}

// others are ways in which a directory is not the user's alone.
func others(t *testing.T) map[string]func(dir string) {
	ways := map[string]func(dir string){
		"others can enter": func(dir string) {
			check(t, os.Mkdir(dir, 0o700))
			check(t, os.Chmod(dir, 0o711))
		},
		"the group can read": func(dir string) {
			check(t, os.Mkdir(dir, 0o700))
			check(t, os.Chmod(dir, 0o740))
		},
		"a symbolic link": func(dir string) { check(t, os.Symlink(t.TempDir(), dir)) },
		"a file":          func(dir string) { save(t, dir, "1") },
	}
	if os.Getuid() == 0 {
		ways["of somebody else"] = func(dir string) {
			check(t, os.Mkdir(dir, 0o700))
			check(t, os.Chown(dir, 65534, 65534))
		}
	}
	return ways
}

// Somebody takes the name of a private directory that has vanished: nothing is put there or
// run from there, and nothing of theirs is taken away.
func TestTheNameIsTaken(t *testing.T) {
	for way, prepare := range others(t) {
		d, _ := newDir(t)
		name := keep(t, d)
		was := d.Path + ".was"
		check(t, os.Rename(d.Path, was))
		prepare(d.Path)
		real, err := filepath.EvalSymlinks(d.Path)
		check(t, err)
		info, err := os.Stat(real)
		check(t, err)
		if info.IsDir() {
			check(t, os.Rename(filepath.Join(was, filepath.Base(filepath.Dir(name))), filepath.Join(real, filepath.Base(filepath.Dir(name)))))
		}
		if err := d.Ensure(); err == nil || !strings.HasSuffix(err.Error(), "is not a directory that only you can use") {
			t.Errorf("%s: Ensure has error %v", way, err)
		}
		if _, err := d.Folder(); err == nil {
			t.Errorf("%s: a folder was made", way)
		}
		if err := d.Same(name); err == nil {
			t.Errorf("%s: the file is run", way)
		}
		d.Drop(name)
		d.Remove()
		if info.IsDir() && !exists(name) || !exists(d.Path) {
			t.Errorf("%s: something was taken away", way)
		}
	}
}

// A lock that somebody has made a link is not followed, and not ours.
func TestLockIsALink(t *testing.T) {
	base := t.TempDir()
	dir, target := filepath.Join(base, "restarter-1-1"), filepath.Join(t.TempDir(), "target")
	check(t, os.Mkdir(dir, 0o700))
	check(t, os.Symlink(target, filepath.Join(dir, "lock")))
	if f, err := hold(dir); err == nil {
		f.Close()
		t.Error("a symbolic link was locked")
	}
	d := New(base)
	d.Remove()
	if exists(target) {
		t.Error("the link was followed")
	}
}
