package restarter

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// prepare makes what all children share.
func (p *launch) prepare(mainFile string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if p.dir, p.lock, err = newPrivate(); err != nil {
		return err
	}
	sweep(p.dir)
	s := &p.settings
	s.Program = programName(exe)
	if info, err := os.Stat(s.Program); err == nil {
		s.Old = stampOf(info)
	}
	s.OldID, _ = contentID(s.Program)
	s.Wd, _ = os.Getwd()
	s.Interval, s.Grace, s.Quiet = p.Interval, p.Grace, p.Quiet
	goRun := byGoRun(exe)
	s.Began = s.Old.Mtime
	if goRun {
		s.Began = began(exe, s, p.dir)
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		s.Recipe.Dead = "the executable does not say how it was built"
	} else {
		var warning string
		s.Recipe, warning = newRecipe(info, mainFile, goRun)
		if warning != "" && len(p.Build) == 0 {
			p.say("%s", warning)
		}
	}
	s.Recipe.Custom = p.Build
	if p.Dir != "" {
		if s.Recipe.Dir, err = filepath.Abs(p.Dir); err != nil {
			return err
		}
	}
	if goRun {
		go p.watchGoRun(parentWatch(os.Getppid()))
	}
	return nil
}

// watchGoRun ends this process's child when go run is gone, which passes on neither
// signals nor exit codes.
func (p *launch) watchGoRun(gone func() bool) {
	for !gone() {
		select {
		case <-p.quit:
			return
		case <-time.After(heartbeat):
		}
	}
	p.signals <- terminate
}

// programName returns the executable by the name it was started with: a deploy may point a
// symbolic link to another file.
func programName(exe string) string {
	name, err := exec.LookPath(os.Args[0])
	if err != nil {
		return exe
	}
	a, err := os.Stat(name)
	if err != nil {
		return exe
	}
	b, err := os.Stat(exe)
	if err != nil || !os.SameFile(a, b) {
		return exe
	}
	if name, err = filepath.Abs(name); err != nil {
		return exe
	}
	return name
}

// byGoRun reports whether go run built the executable: into its work folder,
// go-build123/b001/exe/name, or into the build cache, 01/0123…-d/name.
func byGoRun(exe string) bool {
	dir := filepath.Dir(exe)
	work := filepath.Dir(filepath.Dir(dir))
	return filepath.Base(dir) == "exe" && strings.HasPrefix(filepath.Base(work), "go-build") ||
		len(filepath.Base(dir)) == 66 && strings.HasSuffix(dir, "-d")
}

// began returns a file time before which go run had not begun to read the sources of the
// executable: of the first file in its work folder.
func began(exe string, s *settings, dir string) int64 {
	work := filepath.Dir(filepath.Dir(filepath.Dir(exe)))
	packages, _ := os.ReadDir(work)
	began := s.Old.Mtime
	for _, d := range packages {
		if info, err := os.Stat(filepath.Join(work, d.Name(), "importcfg")); err == nil {
			began = min(began, info.ModTime().UnixNano())
		}
	}
	if info, err := os.Stat(dir); err == nil && strings.HasSuffix(filepath.Dir(exe), "-d") {
		// From the build cache: the executable may be old, but go run has compared it with
		// the sources just now.
		began = max(began, info.ModTime().Add(-5*time.Second).UnixNano())
	}
	return began
}
