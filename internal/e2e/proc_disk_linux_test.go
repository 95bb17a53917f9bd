package e2e

import (
	"os"
	"path/filepath"
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

// The disk is full when the child leaves: it is launched again all the same, also when something
// that it reads has changed.
func TestFullDiskDoesNotEndTheProgram(t *testing.T) {
	disk, file := smallDisk(t, "1m"), tempFile(t)
	cmd := command(t, "talk", "-track="+file)
	cmd.Env = append(cmd.Env, "TMPDIR="+disk)
	p := start(t, cmd)
	p.child()
	filler := fill(t, disk)
	for i := 0; i < 2; i++ {
		p.do("exit 75")
		p.child()
	}
	save(t, file, "changed")
	p.await("^told: .*file$")
	p.child()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	p.do("exit 75")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	if left := entries(t, disk); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
}

// The disk is full from the start: the program runs.
func TestFullDiskAtTheStart(t *testing.T) {
	disk := smallDisk(t, "1m")
	filler := fill(t, disk)
	cmd := command(t, "talk")
	cmd.Env = append(cmd.Env, "TMPDIR="+disk)
	p := start(t, cmd)
	p.child()
	p.do("exit 75")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
	if left := entries(t, disk); len(left) != 1 || filepath.Join(disk, left[0]) != filler {
		t.Errorf("left on the disk: %v", left)
	}
}

// No room for a build: one line says so, and the next edit after the mend works.
func TestFullDiskFailsTheBuild(t *testing.T) {
	m := newModule(t, "main.go", report)
	disk := smallDisk(t, "64m")
	p := m.launch(m.build(), []string{debug, "TMPDIR=" + disk})
	p.await("^version 1 ")
	p.awaitAnywhere(proved)
	filler := fill(t, disk)
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("no space left on device")
	p.await(failed)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	m.replace("main.go", `version = "2"`, `version = "3"`)
	p.await("^version 3 ")
	p.expect(1, "build failed")
	p.expect(0, "^version 2 ")
}
