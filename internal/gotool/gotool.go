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

// Resolve finds the go command and the directory of the sources, or says why not. Call it again later:
// either may appear. elsewhere are the directories from which to look for the module, the current
// directory first; executable is the program that was started.
func (r *Recipe) Resolve(ctx context.Context, executable string, elsewhere ...string) error {
	if r.command != "" {
		if !system.Exists(r.command) { // perhaps another version is installed
			if command, err := r.lookPath("go"); err == nil {
				r.command = command
			}
		}
		return nil
	}
	if len(r.Build) > 0 && r.Dir == "" {
		r.Dir = elsewhere[0]
	}
	r.refused = nil
	switch {
	case system.IsDir(r.Dir):
		// Before all else: a command of the user's needs no go command.
		if r.refused = r.checkOwner(r.Dir, elsewhere[0]); r.refused != nil {
			return r.refused
		}
	case r.Chosen:
		r.refused = fmt.Errorf("Launcher.Dir, %s, is not a directory", r.Dir)
		return r.refused
	}
	if r.missing != nil {
		return r.missing
	}
	command, err := r.lookPath("go")
	if err != nil {
		return errors.New("no go command in PATH")
	}
	dir := r.Dir
	if !system.IsDir(dir) {
		if dir = r.find(ctx, command, elsewhere); dir == "" {
			return fmt.Errorf("the sources of %s are not here", r.path)
		}
		if err := r.checkOwner(dir, elsewhere[0]); err != nil {
			return err
		}
	}
	at := *r
	at.Dir, at.command = dir, command
	if !r.Chosen && at.inModuleCache(ctx) {
		return fmt.Errorf("the sources of %s are in the module cache, which does not change", r.path)
	}
	if r.beside && !r.Chosen && len(r.Build) == 0 {
		if at.there = elsewhere[0]; !r.goRun {
			if err := at.isNotThere(ctx); err != nil {
				if at.there = ""; r.replaced {
					return err
				}
			}
		}
	}
	r.Dir, r.command, r.there = at.Dir, at.command, at.there
	if r.path == "command-line-arguments" {
		r.candidates = fileLists(r.Dir, executable, r.targets[0], r.Files)
		r.targets = r.candidates[0]
	}
	return nil
}

// inModuleCache reports whether Dir belongs to a version of a module, which is never edited.
func (r *Recipe) inModuleCache(ctx context.Context) bool {
	if !strings.Contains(r.Dir, "@v") {
		return false
	}
	cache, err := r.tool(ctx, "env", "GOMODCACHE")
	return err == nil && strings.HasPrefix(r.Dir, filepath.Clean(strings.TrimSpace(cache))+string(filepath.Separator))
}

// isNotThere says why the go command does not find package main in the directory there, in the same role. If a broken
// go.work, say, keeps it from looking, there is no reason: see Reproduce.
func (r *Recipe) isNotThere(ctx context.Context) error {
	elsewhere := fmt.Errorf("%s was built in a module that replaces %s by a directory; start it there", r.path, r.module)
	if r.path == "command-line-arguments" || !system.IsDir(r.there) {
		return elsewhere
	}
	for d, below := r.there, ""; d != below; d, below = filepath.Dir(d), d {
		info, err := os.Stat(d)
		if err != nil || !system.IsTrusted(info) && (system.Exists(filepath.Join(d, "go.mod")) || system.Exists(filepath.Join(d, "go.work"))) {
			return othersCanWrite(d) // they may say what the program is built from
		}
	}
	out, err := r.tool(ctx, "list", "-find", "-e", "-json=false", "-f", "{{.Dir}}\t{{with .Module}}{{if .Replace}}replaced{{end}}{{end}}", r.path)
	dir, role, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(out, "\n"), "\r"), "\t")
	if err == nil && (!system.SameFile(dir, r.Dir) || (role != "") != r.replaced) {
		return elsewhere
	}
	return nil
}

// Where returns the directory in which Make runs its command: the user's own, so that the same module is the main
// module and the same relative paths lead to the same files, or else Dir.
func (r *Recipe) Where() string {
	if system.IsDir(r.there) {
		return r.there
	}
	return r.Dir
}

// find asks the go command for the directory of the main module.
func (r *Recipe) find(ctx context.Context, command string, elsewhere []string) string {
	for _, dir := range elsewhere {
		if !system.IsDir(dir) {
			continue
		}
		at := *r
		at.command, at.Dir = command, dir
		out, _ := at.tool(ctx, "list", "-m", "-json=false", "-f", "{{.Path}}\t{{.Dir}}")
		for _, line := range strings.Split(out, "\n") {
			if path, found, _ := strings.Cut(strings.TrimSpace(line), "\t"); path == r.module && found != "" {
				return found
			}
		}
	}
	return ""
}

// checkOwner says why the sources in a directory are not to be built: another user can write
// there, so they may not be this user's. In the module of the current directory, and with go run,
// nothing is checked: the user runs the go command there anyway.
func (r *Recipe) checkOwner(dir, current string) error {
	if r.Chosen || r.goRun {
		return nil
	}
	root := dir
	for d := dir; d != filepath.Dir(d); d = filepath.Dir(d) {
		if system.Exists(filepath.Join(d, "go.mod")) {
			root = d
			break
		}
	}
	if top, err := os.Stat(root); err == nil {
		for d := current; filepath.IsAbs(d); d = filepath.Dir(d) {
			if info, err := os.Stat(d); err == nil && os.SameFile(info, top) {
				return nil
			}
			if d == filepath.Dir(d) {
				break
			}
		}
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return err
		}
		if !system.IsTrusted(info) {
			return othersCanWrite(d)
		}
		if d == root {
			return nil
		}
	}
}

func othersCanWrite(dir string) error {
	return fmt.Errorf("other users can write to %s, so the sources there may not be yours; start the program in that directory, or name it in Launcher.Dir", dir)
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
