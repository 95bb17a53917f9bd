package private

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of the size in a directory.
func smallDisk(t *testing.T, dir, size string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Skip("only the superuser can mount a small disk: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// fill leaves no byte free.
func fill(t *testing.T, dir string) (name string) {
	t.Helper()
	name = filepath.Join(dir, "fill")
	f, err := os.Create(name)
	check(t, err)
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			return name
		}
	}
}

// On a full disk what is there can still be run and taken away, and after a mend all goes on.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	smallDisk(t, disk, "1m")
	d := New(disk)
	name := keep(t, d)
	filler := fill(t, disk)
	if err := d.Same(name); err != nil {
		t.Error(err)
	}
	if err := d.Ensure(); err != nil {
		t.Error(err)
	}
	d.Drop(name)
	if exists(name) {
		t.Error("what is not needed any more is still there")
	}
	check(t, os.Remove(filler))
	d.Drop(keep(t, d))
	d.Remove()
	if left := entries(t, disk); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
}

// A copy for which there is no room is not left half.
func TestCopyToAFullDisk(t *testing.T) {
	disk := t.TempDir()
	smallDisk(t, disk, "1m")
	exe, err := os.Executable()
	check(t, err)
	name := filepath.Join(disk, "copy")
	if err := Copy(exe, name); err == nil || exists(name) {
		t.Errorf("error %v, the file is there: %t", err, exists(name))
	}
}

// A disk on which nothing can be written: the error says what helps.
func TestNewOnADiskThatCannotBeWritten(t *testing.T) {
	disk := t.TempDir()
	smallDisk(t, disk, "1m")
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	d := New(disk)
	if err := d.Ensure(); err == nil || !strings.HasSuffix(err.Error(), "read-only file system; GOTMPDIR or TMPDIR can name another place") {
		t.Errorf("error %v", err)
	}
}

// immovable puts something into a private directory that cannot be removed, until the
// returned function is called.
func immovable(t *testing.T, dir string) (release func()) {
	t.Helper()
	at := filepath.Join(dir, "1")
	check(t, os.Mkdir(at, 0o700))
	if os.Getuid() == 0 {
		smallDisk(t, at, "1m")
		return func() { syscall.Unmount(at, syscall.MNT_DETACH) }
	}
	save(t, filepath.Join(at, "app"), "1")
	check(t, os.Chmod(at, 0o500))
	t.Cleanup(func() { os.Chmod(at, 0o700) })
	return func() { os.Chmod(at, 0o700) }
}

// As long as there is something that cannot be removed, the lock stays, so that a later sweep
// knows the rest.
func TestTheLockGoesLast(t *testing.T) {
	base := t.TempDir()
	p, dir := parent(t, base)
	release := immovable(t, dir)
	check(t, os.Mkdir(filepath.Join(dir, "2"), 0o700))
	p.do("remove")
	if left := entries(t, dir); len(left) != 2 || left[0] != "1" || left[1] != "lock" {
		t.Errorf("Remove has left %v, want 1 and lock", left)
	}
	d := New(base)
	d.Remove()
	if left := entries(t, dir); len(left) != 2 || left[0] != "1" || left[1] != "lock" {
		t.Errorf("a sweep has left %v, want 1 and lock", left)
	}
	release()
	d = New(base)
	d.Remove()
	if left := entries(t, base); len(left) > 0 {
		t.Errorf("left at last: %v", left)
	}
}
