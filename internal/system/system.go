// Package system has one small function for each thing that differs between operating
// systems: signals, process groups, locks, file identities, the terminal, executables.
//
// It promises the same meaning everywhere: where a system lacks something, the function
// does the next best thing and its comment says which. The files are named after what they
// are for and the systems they serve; to add a system, start with system_unix.go or system_other.go.
//
// It knows nothing of parents, children, builds or watching.
package system

import (
	"os"
	"os/exec"
	"path/filepath"
)

// LookPath finds an executable in the given value of PATH, not in the present one. As with the go
// command, relative directories in it do not count.
func LookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", exec.ErrNotFound
}

// Exists reports whether there is a file of this name, if only a symbolic link.
func Exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// SameFile reports whether two names lead to the same file or directory.
func SameFile(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// IsDir reports whether the name leads to a directory.
func IsDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
