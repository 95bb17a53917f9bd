package private

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLeftoversAreSwept(t *testing.T) {
	base := t.TempDir()
	for i := 0; i < 3; i++ {
		p, dir := parent(t, base)
		check(t, os.MkdirAll(filepath.Join(dir, "1", "tmp", "go-build1", "b001"), 0o700))
		save(t, filepath.Join(dir, "1", "app"), "1")
		p.end()
		if left := entries(t, base); len(left) != 1 || filepath.Join(base, left[0]) != dir {
			t.Fatalf("there are %v, want %s alone", left, dir)
		}
	}
	d := New(base)
	defer d.Remove()
	if left := entries(t, base); len(left) != 1 || filepath.Join(base, left[0]) != d.Path {
		t.Errorf("there are %v, want %s alone", left, d.Path)
	}
}

// A lock is not let go of by what another process does to it.
func TestTheLivingAreNotSwept(t *testing.T) {
	base := t.TempDir()
	p, first := parent(t, base)
	_, second := parent(t, base)
	dead, third := parent(t, base)
	dead.end()
	for i := 0; i < 3; i++ {
		d := New(base)
		d.Remove()
		if !exists(first) || !exists(second) || exists(third) {
			t.Errorf("there are %v, want %s and %s", entries(t, base), first, second)
		}
	}
	if said := p.do("ensure"); said != "<nil>" {
		t.Error(said)
	}
	p.do("remove")
	if left := entries(t, base); len(left) != 1 {
		t.Errorf("there are %v, want %s alone", left, second)
	}
}

// Each of many that start at once gets a directory, though each sweeps.
func TestManyStartAtOnce(t *testing.T) {
	base := t.TempDir()
	for round := 0; round < 3; round++ {
		var all []*process
		for i := 0; i < 8; i++ {
			all = append(all, start(t, "parent", base))
		}
		dirs := make(map[string]bool)
		for _, p := range all {
			dirs[p.line()] = true
		}
		if len(dirs) != len(all) {
			t.Errorf("%d directories of %d parents", len(dirs), len(all))
		}
		for dir := range dirs {
			if !exists(filepath.Join(dir, "lock")) {
				t.Errorf("%s was swept away", dir)
			}
		}
		for _, p := range all {
			p.end()
		}
	}
	d := New(base)
	d.Remove()
	if left := entries(t, base); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A parent that died at once has left an empty directory, without a lock. What is not empty is
// not ours.
func TestWithoutALock(t *testing.T) {
	base := t.TempDir()
	empty, full := filepath.Join(base, "restarter-1-1"), filepath.Join(base, "restarter-1-2")
	check(t, os.Mkdir(empty, 0o700))
	check(t, os.Mkdir(full, 0o700))
	save(t, filepath.Join(full, "notes"), "1")
	d := New(base)
	defer d.Remove()
	if exists(empty) || !exists(filepath.Join(full, "notes")) {
		t.Errorf("left: %v", entries(t, base))
	}
}

// The temporary directory may have a name that means something to a pattern.
func TestTemporaryDirectoryIsNoPattern(t *testing.T) {
	base := filepath.Join(t.TempDir(), "a[b]")
	check(t, os.Mkdir(base, 0o700))
	p, _ := parent(t, base)
	p.end()
	d := New(base)
	name := keep(t, d)
	d.Drop(name)
	if exists(name) {
		t.Errorf("%s was not dropped", name)
	}
	d.Remove()
	if left := entries(t, base); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
