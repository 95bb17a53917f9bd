package gotool

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lib537/restarter/internal/watch"
)

// listing is what list asks for each package that can change, so none of the standard library
// or the module cache: a letter and what it is about on every line.
const listing = `{{$m := .Module}}` +
	`{{if .Standard}}{{else if not .Dir}}x{{.ImportPath}}
{{else if or (not $m) $m.Main (not $m.Dir) (and $m.Replace (not $m.Replace.Version))}}` +
	`{{if eq .ImportPath "command-line-arguments"}}{{range .GoFiles}}f{{$.Dir}}/{{.}}
{{end}}{{range .CgoFiles}}f{{$.Dir}}/{{.}}
{{end}}{{else}}p{{.Dir}}
{{end}}{{range .EmbedPatterns}}g{{$.Dir}}/{{if eq (printf "%.4s" .) "all:"}}{{slice . 4}}{{else}}{{.}}{{end}}
{{end}}{{with $m}}` + modules + `{{end}}{{end}}`

// modules is the line for a module that can change.
const modules = `{{if and .Dir (or .Main (and .Replace (not .Replace.Version)))}}m{{.Path}}	{{.Dir}}	{{or .GoMod (print .Dir "/go.mod")}}
{{end}}`

// sources are the roots of what the program is made of.
type sources []watch.Root

func (s *sources) add(k watch.Kind, paths ...string) {
	for _, path := range paths {
		*s = append(*s, watch.Root{Kind: k, For: watch.Source, Path: filepath.Clean(path)})
	}
}

// List asks the go command which files the program is made of.
func (r *Recipe) List(ctx context.Context) (roots []watch.Root, err error) {
	env, err := r.tool(ctx, "env", "-json=false", "GOMOD", "GOWORK") // GOFLAGS may say otherwise
	if err != nil {
		return nil, err
	}
	args := append([]string{"list", "-e", "-deps", "-json=false", "-f", listing}, r.flags...)
	if r.ldflags != "" {
		args = append(args, "-ldflags="+r.ldflags)
	}
	out, err := r.tool(ctx, append(append(args, "-buildvcs=false"), r.from(r.Listed())...)...)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(out, "x") || strings.Contains(out, "\nx") {
		// A package that is missing may belong to a module of which no package is listed.
		more, _ := r.tool(ctx, "list", "-e", "-m", "-json=false", "-f", modules, "all")
		out += more
	}
	var all sources
	if all.parse(out, r.Where()); len(all) == 0 {
		return nil, errors.New("go list has printed nothing")
	}
	mod, work, _ := strings.Cut(env, "\n")
	if mod = strings.TrimSpace(mod); filepath.IsAbs(mod) && mod != os.DevNull {
		all.module(filepath.Dir(mod), mod)
	}
	if work = strings.TrimSpace(work); filepath.IsAbs(work) {
		all.add(watch.File, work, work+".sum", filepath.Join(filepath.Dir(work), "vendor", "modules.txt"))
		text, _ := r.tool(ctx, "work", "edit", "-json", work) // which prints it even if a go.mod is broken
		all.workspace(text, filepath.Dir(work))
	}
	if work != "off" { // a go.work that is nearer may be added
		all.above(r.Where(), "go.work")
	}
	return all, nil
}

// workspace adds the go.mod files of all modules of the workspace in dir, which text describes: nothing can be built
// if one of them is broken, even one that the program does not need.
func (s *sources) workspace(text, dir string) {
	for _, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ","), ": ")
		if path, err := strconv.Unquote(value); err == nil && key == `"DiskPath"` {
			if path = filepath.FromSlash(path); !filepath.IsAbs(path) {
				path = filepath.Join(dir, path)
			}
			s.add(watch.File, filepath.Join(path, "go.mod"))
		}
	}
}

// module adds what says how the module in a directory is built.
func (s *sources) module(dir, mod string) {
	s.add(watch.File, mod, strings.TrimSuffix(mod, ".mod")+".sum", filepath.Join(dir, "vendor", "modules.txt"))
}

// parse adds what the go command, run in dir, prints for listing.
func (s *sources) parse(out, dir string) {
	var missing, modules []string // what is imported and not there; path, directory and go.mod
	for _, line := range strings.Split(out, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if len(line) < 2 {
			continue
		}
		switch value := line[1:]; line[0] {
		case 'p':
			s.add(watch.Package, value)
		case 'f':
			s.add(watch.File, value)
		case 'g':
			s.add(watch.Pattern, value)
		case 'x':
			missing = append(missing, value)
		case 'm':
			if !slices.Contains(modules, value) {
				modules = append(modules, value)
			}
		}
	}
	for _, m := range modules {
		module, rest, _ := strings.Cut(m, "\t")
		at, mod, _ := strings.Cut(rest, "\t")
		if !filepath.IsAbs(mod) {
			mod = filepath.Join(dir, mod) // which GOFLAGS names
		}
		s.module(at, mod)
		for _, path := range missing {
			if rest, ok := strings.CutPrefix(path+"/", module+"/"); ok {
				s.add(watch.Package, at+"/"+rest)
			}
		}
	}
}

// Ground returns what to watch where the go command can list nothing: the directory of
// package main, and every file above it that could say why.
func (r *Recipe) Ground() []watch.Root {
	var all sources
	all.above(r.Where(), "go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt")
	all.add(watch.Package, r.Dir)
	return all
}

// above adds the files of these names in a directory and in all that it lies in.
func (s *sources) above(dir string, names ...string) {
	for below := ""; dir != below; below, dir = dir, filepath.Dir(dir) {
		for _, name := range names {
			s.add(watch.File, filepath.Join(dir, name))
		}
	}
}
