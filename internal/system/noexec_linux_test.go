package system

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A file may have every permission, and lie where nothing can be executed.
func TestCheckExecutableWhereNothingRuns(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOEXEC, "mode=0700"); err != nil {
		t.Skip("only the superuser can mount: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	name := filepath.Join(dir, "app")
	check(t, os.WriteFile(name, []byte("#!/bin/sh\n"), 0o755))
	if err := CheckExecutable(name, ""); err == nil || !strings.Contains(err.Error(), "noexec") {
		t.Errorf("error %v", err)
	}
}
