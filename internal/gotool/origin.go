package gotool

import (
	"path/filepath"
	"runtime"
	"strings"
)

// MainFile returns the file of main.main. If main.main is not on the stack, as in an init function, it returns
// the file of the function of package main that is.
func MainFile() (file string) {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "main.") {
			file = f.File
		}
		if f.Function == "main.main" || !more {
			return file
		}
	}
}

// StartedByGoRun reports whether go run built the executable: into its work folder,
// go-build123/b001/exe/name, or into the build cache, 01/0123…-d/name.
func StartedByGoRun(exe string) bool {
	dir := filepath.Dir(exe)
	work := filepath.Dir(filepath.Dir(dir))
	return filepath.Base(dir) == "exe" && strings.HasPrefix(filepath.Base(work), "go-build") ||
		len(filepath.Base(dir)) == 66 && strings.HasSuffix(dir, "-d")
}
