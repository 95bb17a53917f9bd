//go:build darwin || freebsd || netbsd

package restarter

import (
	"os"
	"syscall"
)

// changeTime is when a file was last written or changed in any other way, in nanoseconds:
// it shows a save that put the old time back.
func changeTime(info os.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		sec, nsec := st.Ctimespec.Unix()
		return sec*1e9 + nsec
	}
	return 0
}
