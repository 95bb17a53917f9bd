//go:build linux || openbsd || dragonfly || solaris || aix

package system

import (
	"os"
	"syscall"
)

// FileID returns when a file was last written or changed in any other way, in nanoseconds
// (it shows a save that put the old time back), and a number that tells the file from any other
// of the system. Both are 0 where the system does not tell.
func FileID(info os.FileInfo) (changed int64, id uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	sec, nsec := st.Ctim.Unix()
	return int64(sec)*1e9 + int64(nsec), uint64(st.Ino) ^ uint64(st.Dev)<<40
}
