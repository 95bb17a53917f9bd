package restarter

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of the size in a new directory.
func smallDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Skip("only the superuser can mount a small disk: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill leaves no byte free.
func fill(t *testing.T, dir string) (name string) {
	t.Helper()
	name = filepath.Join(dir, "fill")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); ; {
		if _, err := f.Write(block); err != nil {
			return name
		}
	}
}

// The disk is full when the child leaves: it is launched again all the same.
func TestFullDiskDoesNotEndTheProgram(t *testing.T) {
	disk := smallDisk(t, "1m")
	cmd := command(t, "talk", "-settled=0")
	cmd.Env = append(cmd.Env, "TMPDIR="+disk)
	p := start(t, cmd)
	p.child()
	filler := fill(t, disk)
	p.again()
	p.again()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	p.again()
	p.do("exit 0")
	p.wantExit(0)
	if left := entries(t, disk); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
}

// No room for a build: one line says so, and the next edit after the mend works.
func TestFullDiskFailsTheBuild(t *testing.T) {
	m := newModule(t, "main.go", report)
	disk := smallDisk(t, "64m")
	cmd := m.tool()
	cmd.Path, cmd.Args, cmd.Err = m.build(), []string{"app"}, nil
	cmd.Env = append(cmd.Env, "TMPDIR="+disk)
	p := start(t, cmd)
	p.await("^version 1 ")
	filler := fill(t, disk)
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("no space left on device")
	p.await("^restarter: build failed, the old program keeps running$")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	m.replace("main.go", `version = "2"`, `version = "3"`)
	p.await("^version 3 ")
	p.wantCount(1, "build failed")
	p.wantCount(0, fmt.Sprintf("^version %d ", 2))
}

// What Track could not leave for the parent does not spoil what came before and comes later.
func TestFullDiskSpoilsNothingTracked(t *testing.T) {
	disk := smallDisk(t, "1m")
	add := func(path string) error {
		return appendFile(disk, "tracked", tracked{Paths: []string{path}, Files: []fileSet{{Names: path}}})
	}
	if err := add("first"); err != nil {
		t.Fatal(err)
	}
	filler := fill(t, disk)
	if err := add(strings.Repeat("x", 8000)); err == nil {
		t.Error("no error")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := add("last"); err != nil {
		t.Fatal(err)
	}
	all := track.take(disk)
	if !slices.Equal(all.Paths, []string{"first", "last"}) || len(all.Files) != 2 || all.Files[1].Names != "last" {
		t.Errorf("%+v", all)
	}
}
