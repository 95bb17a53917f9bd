//go:build unix

package system

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A lock file that somebody has made a link is not followed.
func TestLockFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	check(t, os.Symlink(filepath.Join(dir, "target"), filepath.Join(dir, "lock")))
	if f, err := Lock(filepath.Join(dir, "lock")); err == nil {
		f.Close()
		t.Error("locked")
	}
	if Exists(filepath.Join(dir, "target")) {
		t.Error("the link was followed")
	}
}

func TestIsPrivateAndIsTrusted(t *testing.T) {
	dir := t.TempDir()
	for mode, want := range map[os.FileMode][2]bool{
		0o700: {true, true}, 0o500: {true, true}, 0o710: {false, true}, 0o740: {false, true}, 0o755: {false, true}, 0o775: {false, true},
		0o701: {false, true}, 0o702: {false, false}, 0o777: {false, false}, 0o777 | os.ModeSticky: {false, false},
	} {
		check(t, os.Chmod(dir, mode))
		info, err := os.Stat(dir)
		check(t, err)
		if got := [2]bool{IsPrivate(info), IsTrusted(info)}; got != want {
			t.Errorf("mode %v: IsPrivate and IsTrusted are %v, want %v", mode, got, want)
		}
	}
	if os.Getuid() != 0 {
		info, err := os.Stat("/")
		check(t, err)
		if st := info.Sys().(*syscall.Stat_t); st.Uid == 0 && (IsPrivate(info) || !IsTrusted(info)) {
			t.Error("what belongs to the superuser is private, or not trusted")
		}
		return
	}
	check(t, os.Chmod(dir, 0o700))
	check(t, os.Chown(dir, 65534, -1))
	info, err := os.Stat(dir)
	check(t, err)
	if IsPrivate(info) || IsTrusted(info) {
		t.Error("what belongs to somebody else is private or trusted")
	}
}
