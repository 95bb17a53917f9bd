package gotool

import (
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// MainFile returns the file of main.main. If main.main is not on the stack, as in an init function, it returns
// the file of the function of package main that is.
func MainFile() (file string) {
	caller(func(f runtime.Frame) bool {
		if strings.HasPrefix(f.Function, "main.") {
			file = f.File
		}
		return f.Function == "main.main"
	})
	return file
}

// CalledByMain reports whether a function of package main is on the stack. In a test binary that package has another
// name, and main.main is that of the go command.
func CalledByMain() bool {
	return caller(func(f runtime.Frame) bool {
		return strings.HasPrefix(f.Function, "main.") && filepath.Base(f.File) != "_testmain.go"
	})
}

// caller reports whether one of the callers, up to the bottom of the stack, is the one.
func caller(is func(runtime.Frame) bool) bool {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for f, more := frames.Next(); ; f, more = frames.Next() {
		if is(f) || !more {
			return is(f)
		}
	}
}

// StartedByGoRun reports whether go run built the executable: into its work folder,
// go-build123/b001/exe/name, or into the build cache, 01/0123…-d/name.
func StartedByGoRun(exe string) bool {
	numbered := func(dir, prefix string) bool {
		number, ok := strings.CutPrefix(filepath.Base(dir), prefix)
		_, err := strconv.ParseUint(number, 10, 64)
		return ok && err == nil
	}
	dir := filepath.Dir(exe)
	step := filepath.Dir(dir)
	return filepath.Base(dir) == "exe" && numbered(step, "b") && numbered(filepath.Dir(step), "go-build") ||
		len(filepath.Base(dir)) == 66 && strings.HasSuffix(dir, "-d")
}
