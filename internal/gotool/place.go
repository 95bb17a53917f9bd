package gotool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lib537/restarter/internal/system"
)

// Where the sources are, where the go command runs, and whether either can be trusted.

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

// from returns targets as they are named where the go command runs: the files of a list lie in Dir.
func (r *Recipe) from(targets []string) []string {
	if r.path != "command-line-arguments" || r.Where() == r.Dir {
		return targets
	}
	named := slices.Clone(targets)
	for i := range named {
		named[i] = filepath.Join(r.Dir, named[i])
	}
	return named
}
