// Package gotool knows what a program is made of and how it is built again. It asks the go
// command for all of it and reads no go.mod; only to guess which files a program was built from, if
// from a list of files, does it look into Go files.
//
// A [Recipe] is derived from what the linker recorded in the running executable. It lists what
// the program is made of, as roots for package watch; it builds the program, with go build or
// with a command of the user's; and it reproduces the very executable that runs, which shows
// whether that was built from what the sources say now. [ContentID] tells whether two
// executables are the same program.
//
// It promises that every command runs in the environment, and with the PATH, that it was
// given, whatever this process has done to its own, and that a command which is cancelled
// takes its compilers with it.
//
// It knows nothing of parents and children, of when to build, or of what to do with the result.
package gotool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// OutputVariable names the file that a command of the user's writes its executable to.
const OutputVariable = "RESTARTER_OUTPUT"

// A Recipe says how the running program was built, so that it can be built again. The exported
// fields are set before the first call of a method. A recipe belongs to one goroutine at a time.
type Recipe struct {
	Build    []string // instead of go build, if not empty
	Generate []string // what Recipe.Generates runs
	Dir      string   // of package main, where Build and Generate run; "" until Resolve has found it
	Files    []string // what the program was built from, as far as known, if from a list of files
	Chosen   bool     // the user has named Dir: whose it is does not matter
	Env      []string // the environment of all commands
	Without  []string // the names of variables of Env that no command gets

	// Started is told the number of the process group that a command leads, Ended when the command
	// has ended. They are called from the goroutine of the method.
	Started, Ended func(group int)
	// Ran is told each command before it runs.
	Ran func(dir string, args []string)

	command    string // the go command; "" until resolved
	there      string // where the user has run it, if it builds the same there; else ""
	missing    error  // why the program cannot be built at all
	refused    error  // why nothing is to be run in Dir, not even a command of the user's
	goRun      bool   // go run built it
	stamped    bool   // with the state of its version control system
	clean      bool   // in which nothing was modified
	beside     bool   // the sources of package main are in Dir, says the executable
	replaced   bool   // its module was replaced by the main module, which is another
	module     string // the main module
	path       string // the import path of the main package
	settings   []string
	flags      []string
	ldflags    string
	targets    []string   // what to build: a package, or a list of files
	candidates [][]string // what targets may be, until one has reproduced the program
	trimmed    bool
}

// New derives the recipe from what the linker recorded; info is nil if it recorded nothing. mainFile
// is the file that holds main.main, "" if unknown; goRun says that go run built the executable.
func New(info *debug.BuildInfo, mainFile string, goRun bool) *Recipe {
	r := &Recipe{goRun: goRun}
	if info == nil {
		r.missing = errors.New("the executable does not say how it was built")
		return r
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "-ldflags":
			r.ldflags = s.Value
		case s.Key == "-buildmode" && s.Value == "exe":
			// So the default is recorded too, which is another mode on macOS and Windows.
		case s.Key == "-pgo" && (s.Value == "default.pgo" || s.Value == filepath.Join(filepath.Dir(mainFile), "default.pgo")):
			// The go command finds it by itself.
		case s.Key == "-pgo" && s.Value != "auto" && s.Value != "off" && !filepath.IsAbs(s.Value):
			// With -trimpath only the name is recorded.
		case s.Key == "vcs":
			r.stamped = true
		case s.Key == "vcs.modified":
			r.clean = s.Value == "false"
		case strings.HasPrefix(s.Key, "-"):
			r.trimmed = r.trimmed || s.Key == "-trimpath" && s.Value == "true"
			r.flags = append(r.flags, s.Key+"="+s.Value)
		case strings.HasPrefix(s.Key, "CGO_") || strings.HasPrefix(s.Key, "GO"):
			r.settings = append(r.settings, s.Key+"="+s.Value)
		}
	}
	r.module, r.path, r.targets = info.Main.Path, info.Path, []string{info.Path}
	r.replaced = info.Main.Replace != nil
	if filepath.IsAbs(mainFile) {
		r.Dir, r.beside = filepath.Dir(mainFile), true
	}
	if info.Path == "command-line-arguments" {
		r.targets = []string{filepath.Base(mainFile)}
		if r.Dir == "" {
			r.missing = errors.New(`built from a list of files with -trimpath; use "go run ."`)
		}
	}
	return r
}

// Trimmed reports whether the program was built with -trimpath, so that the linker recorded
// neither -ldflags nor the flags of cgo.
func (r *Recipe) Trimmed() bool { return r.trimmed }

// Listed returns what is listed: the package that is built, or the list of files; or, as long as it is
// not known which, the longest, which has all files of the others.
func (r *Recipe) Listed() (targets []string) {
	if len(r.candidates) < 2 {
		return r.targets
	}
	for _, list := range r.candidates {
		if len(list) > len(targets) {
			targets = list
		}
	}
	return targets
}

// Command returns the go command, or "" if none was found.
func (r *Recipe) Command() string { return r.command }

// CanBuild reports whether Resolve has succeeded, or a command of the user's builds instead.
func (r *Recipe) CanBuild() bool {
	return r.command != "" || len(r.Build) > 0 && r.Dir != "" && r.refused == nil
}

func (r *Recipe) getenv(name string) (value string) {
	for _, v := range r.Env {
		if key, rest, ok := strings.Cut(v, "="); ok && (key == name || os.PathSeparator == '\\' && strings.EqualFold(key, name)) {
			value = rest
		}
	}
	return value
}

func (r *Recipe) lookPath(name string) (string, error) {
	return system.LookPath(name, r.getenv(system.PathVariable))
}

// environ returns the environment of a command that runs in a directory.
func (r *Recipe) environ(dir string, more ...string) (env []string) {
	// A tenth of the time from edit to answer goes to garbage collection in the go command,
	// the compiler and the linker. The user's own GOGC comes later, and counts.
	env = append(env, "GOGC=400")
	for _, v := range r.Env {
		if key, _, _ := strings.Cut(v, "="); !slices.Contains(r.Without, key) {
			env = append(env, v)
		}
	}
	return append(append(env, "PWD="+dir), more...)
}

// run runs a command in a directory, in a process group of its own. When ctx ends, it is interrupted, with its
// compilers, and soon killed.
func (r *Recipe) run(ctx context.Context, dir string, stdout, stderr io.Writer, args, env []string) error {
	if !system.IsDir(dir) {
		return fmt.Errorf("the directory %s does not exist", dir)
	}
	path, err := args[0], error(nil)
	if filepath.Base(path) == path {
		if path, err = r.lookPath(path); err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
	} else if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	if r.Ran != nil {
		r.Ran(dir, args)
	}
	cmd := exec.CommandContext(ctx, path, args[1:]...)
	cmd.Args[0] = args[0]
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = dir, stdout, stderr, r.environ(dir, env...)
	system.OwnSession(cmd)
	cmd.Cancel = func() error { return system.InterruptGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 2 * time.Second
	p, err := system.Start(cmd)
	if err != nil {
		return err
	}
	if r.Started != nil {
		r.Started(cmd.Process.Pid)
		defer r.Ended(cmd.Process.Pid)
	}
	code, err := p.Wait()
	if errors.Is(err, system.ErrUnknown) && ctx.Err() == nil {
		return nil // whether it succeeded shows in what it made
	}
	if ctx.Err() != nil || err != nil || code != 0 {
		system.KillGroup(cmd.Process.Pid)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case code != 0:
		return fmt.Errorf("%s: exit code %d", filepath.Base(args[0]), code)
	}
	return nil
}

// tool returns what a call of the go command prints.
func (r *Recipe) tool(ctx context.Context, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	if err := r.run(ctx, r.Where(), &stdout, &stderr, append([]string{r.command}, args...), r.settings); err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.Join(strings.Fields(stderr.String()), " "))
	}
	return stdout.String(), nil
}
