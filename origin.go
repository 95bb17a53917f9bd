package restarter

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/system"
)

// An origin is what the parent was started from.
type origin struct {
	program string // the executable, as it was named
	running string // a name that leads to that very file, whatever becomes of the first
	machine string // what tells executables of this system and machine from others
	main    string // the file of main.main, "" if unknown
	goRun   bool   // go run built it
}

// newRecipe says how the running program is built again.
func newRecipe(l *Launcher, m *messages, o origin) *gotool.Recipe {
	info, _ := debug.ReadBuildInfo()
	r := gotool.New(info, o.main, o.goRun)
	r.Build, r.Generate, r.Env, r.Without = l.Build, l.Generate, started.env, []string{variable}
	if o.goRun {
		for _, arg := range system.ParentArgs() {
			if filepath.Ext(arg) == ".go" {
				r.Files = append(r.Files, filepath.Base(arg))
			} else if len(r.Files) > 0 {
				break // what follows is the program's
			}
		}
	}
	if l.Dir != "" {
		r.Dir, r.Trust = l.Dir, true
		if !filepath.IsAbs(r.Dir) {
			r.Dir = filepath.Join(started.dir, r.Dir)
		}
	}
	r.Copy, r.CopyEnv = []string{o.running, copyWord}, variable+"="+copying
	if r.Trimmed() && len(l.Build) == 0 {
		m.say("built with -trimpath, which records neither -ldflags nor CGO flags; GOFLAGS can carry them")
	}
	r.Ran = func(dir string, args []string) {
		for i, arg := range args {
			if strings.Contains(arg, "\n") {
				args = append(slices.Clone(args[:i]), append([]string{"…"}, args[i+1:]...)...) // what is asked of go list
			}
		}
		m.debug("in %s: %s", dir, strings.Join(args, " "))
	}
	return r
}

// mainFile returns the file of main.main, if that is on the stack.
func mainFile() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if f.Function == "main.main" {
			return f.File
		}
		if !more {
			return ""
		}
	}
}

// programName returns the executable by the name it was started with: a deploy may point a
// symbolic link to another file.
func programName(exe string) string {
	name := started.args[0]
	if !strings.ContainsRune(name, filepath.Separator) {
		found, err := exec.LookPath(name)
		if err != nil {
			return exe
		}
		name = found
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(started.dir, name)
	}
	a, err := os.Stat(name)
	if err != nil {
		return exe
	}
	b, err := os.Stat(exe)
	if err != nil || !os.SameFile(a, b) {
		return exe
	}
	return name
}

// startedByGoRun reports whether go run built the executable: into its work folder,
// go-build123/b001/exe/name, or into the build cache, 01/0123…-d/name.
func startedByGoRun(exe string) bool {
	dir := filepath.Dir(exe)
	work := filepath.Dir(filepath.Dir(dir))
	return filepath.Base(dir) == "exe" && strings.HasPrefix(filepath.Base(work), "go-build") ||
		len(filepath.Base(dir)) == 66 && strings.HasSuffix(dir, "-d")
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err2 := out.Close(); err == nil {
		err = err2
	}
	return err
}

// getenv returns a variable of the environment that this process was started with.
func getenv(name string) (value string) {
	for _, v := range started.env {
		if key, rest, ok := strings.Cut(v, "="); ok && key == name {
			value = rest
		}
	}
	return value
}
