package private

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNew(t *testing.T) {
	d, base := newDir(t)
	if filepath.Dir(d.Path) != base || !regexp.MustCompile(fmt.Sprintf(`^restarter-%d-\d+$`, os.Getpid())).MatchString(filepath.Base(d.Path)) {
		t.Errorf("the directory is %s", d.Path)
	}
	if !isPrivate(d.Path) {
		t.Error("others can enter it")
	}
	d.Remove()
	if left := entries(t, base); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	d.Remove() // once more does no harm
}

// The program may go elsewhere, so the path is absolute.
func TestNewInARelativeDirectory(t *testing.T) {
	before, err := os.Getwd()
	check(t, err)
	base := t.TempDir()
	check(t, os.Chdir(base))
	defer os.Chdir(before)
	check(t, os.Mkdir("sub", 0o700))
	d := New("sub")
	defer d.Remove()
	if !filepath.IsAbs(d.Path) || filepath.Base(filepath.Dir(d.Path)) != "sub" {
		t.Errorf("the directory is %s", d.Path)
	}
}

func TestNewWithoutAPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	save(t, file, "")
	for _, base := range []string{filepath.Join(t.TempDir(), "missing"), file} {
		d := New(base)
		if _, err := d.Folder(); err == nil || !strings.Contains(err.Error(), base) ||
			!strings.HasSuffix(err.Error(), "; GOTMPDIR or TMPDIR can name another place") {
			t.Errorf("error %v", err)
		}
		// Somebody makes room.
		os.Remove(base)
		check(t, os.Mkdir(base, 0o700))
		if name := keep(t, d); d.Same(name) != nil || !isPrivate(d.Path) {
			t.Errorf("%s is not the file that was put there", name)
		}
		d.Remove()
		if left := entries(t, base); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestFolder(t *testing.T) {
	d, _ := newDir(t)
	a, b := keep(t, d), keep(t, d)
	for _, name := range []string{a, b} {
		if filepath.Dir(filepath.Dir(name)) != d.Path {
			t.Errorf("%s is not in a folder of %s", name, d.Path)
		}
	}
	d.Drop(a)
	if exists(filepath.Dir(a)) || !exists(b) || d.Same(a) == nil || d.Same(b) != nil {
		t.Errorf("%v are left, of %s and %s", entries(t, d.Path), a, b)
	}
}

// Drop takes away nothing but folders of the directory.
func TestDropOfNothing(t *testing.T) {
	d, base := newDir(t)
	a := keep(t, d)
	elsewhere := filepath.Join(base, "bin", "app")
	check(t, os.Mkdir(filepath.Dir(elsewhere), 0o700))
	save(t, elsewhere, "1")
	below := filepath.Join(filepath.Dir(a), "more", "app")
	check(t, os.Mkdir(filepath.Dir(below), 0o700))
	save(t, below, "1")
	for _, name := range []string{elsewhere, below, d.Path, filepath.Join(d.Path, "lock"), filepath.Join(d.Path, "none", "gone"), "app", ""} {
		d.Drop(name)
	}
	for _, name := range []string{elsewhere, below, a, filepath.Join(d.Path, "lock")} {
		if !exists(name) {
			t.Errorf("%s was taken away", name)
		}
	}
}

// Only the very file that was kept is run.
func TestSame(t *testing.T) {
	tests := map[string]func(t *testing.T, d *Dir, name string){
		"replaced": func(t *testing.T, d *Dir, name string) {
			info, err := os.Stat(name)
			check(t, err)
			save(t, name+"2", "executable")
			check(t, os.Chtimes(name+"2", info.ModTime(), info.ModTime()))
			check(t, os.Rename(name+"2", name))
		},
		"longer": func(t *testing.T, d *Dir, name string) {
			info, err := os.Stat(name)
			check(t, err)
			save(t, name, "executables")
			check(t, os.Chtimes(name, info.ModTime(), info.ModTime()))
		},
		"written":  func(t *testing.T, d *Dir, name string) { check(t, os.Chtimes(name, time.Time{}, time.Unix(1, 0))) },
		"gone":     func(t *testing.T, d *Dir, name string) { check(t, os.Remove(name)) },
		"not kept": func(t *testing.T, d *Dir, name string) { delete(d.kept, name) },
		"a directory": func(t *testing.T, d *Dir, name string) {
			check(t, os.Remove(name))
			check(t, os.Mkdir(name, 0o700))
		},
		"another directory": func(t *testing.T, d *Dir, name string) {
			check(t, os.Rename(d.Path, d.Path+"2"))
			check(t, os.MkdirAll(filepath.Dir(name), 0o700))
			save(t, name, "executable")
		},
	}
	for what, do := range tests {
		d, _ := newDir(t)
		name := keep(t, d)
		if err := d.Same(name); err != nil {
			t.Errorf("%s: %v before", what, err)
		}
		do(t, d, name)
		if err := d.Same(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

// A file that has another name elsewhere may get another time there.
func TestSameLink(t *testing.T) {
	d, base := newDir(t)
	folder, err := d.Folder()
	check(t, err)
	elsewhere, name := filepath.Join(base, "app"), filepath.Join(folder, "app")
	save(t, elsewhere, "executable")
	if err := os.Link(elsewhere, name); err != nil {
		t.Skip(err)
	}
	check(t, d.KeepLink(name))
	check(t, os.Chtimes(elsewhere, time.Time{}, time.Unix(1, 0)))
	if err := d.Same(name); err != nil {
		t.Error(err)
	}
	save(t, elsewhere, "executables")
	if d.Same(name) == nil {
		t.Error("another content is the same")
	}
}

// What lies elsewhere is nobody's but the user's.
func TestSameElsewhere(t *testing.T) {
	d, base := newDir(t)
	for _, name := range []string{filepath.Join(base, "app"), d.Path + "2", filepath.Join(base, "missing", "app")} {
		if err := d.Same(name); err != nil {
			t.Error(err)
		}
	}
	if err := d.Keep(filepath.Join(d.Path, "missing")); err == nil {
		t.Error("a file that is not there was kept")
	}
}

// A tidy-up of the temporary directory takes everything away, or the lock alone.
func TestEnsureMakesAgain(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is locked cannot be removed there")
	}
	for _, what := range []string{"", "lock"} {
		base := t.TempDir()
		p, dir := parent(t, base)
		for i := 0; i < 2; i++ {
			check(t, os.RemoveAll(filepath.Join(dir, what)))
			if said := p.do("ensure"); said != "<nil>" {
				t.Errorf("error %s", said)
			}
			// It is locked again: the next parent leaves it alone.
			d := New(base)
			d.Remove()
			if !exists(filepath.Join(dir, "lock")) || !isPrivate(dir) {
				t.Error("the directory was not made again, or not locked")
			}
		}
		p.do("remove")
		if left := entries(t, base); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestEnsureCannotMakeAgain(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base")
	check(t, os.Mkdir(base, 0o700))
	d := New(base)
	defer d.lock.Close()
	check(t, os.Rename(base, base+"2"))
	if err := d.Ensure(); err == nil {
		t.Error("no error")
	}
	if folder, err := d.Folder(); err == nil {
		t.Errorf("a folder %s", folder)
	}
	d.Remove() // of what is not there
}

// The methods may be called by several goroutines.
func TestSideBySide(t *testing.T) {
	d, _ := newDir(t)
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for j := 0; j < 20; j++ {
				folder, err := d.Folder()
				if err != nil {
					t.Error(err)
					return
				}
				name := filepath.Join(folder, "app")
				if err := os.WriteFile(name, []byte("1"), 0o700); err != nil {
					t.Error(err)
				}
				if err := d.Keep(name); err != nil {
					t.Error(err)
				}
				if err := d.Same(name); err != nil {
					t.Error(err)
				}
				d.Drop(name)
			}
		}()
	}
	all.Wait()
	if left := entries(t, d.Path); len(left) != 1 || left[0] != "lock" {
		t.Errorf("left: %v", left)
	}
}
