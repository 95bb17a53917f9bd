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
	out, err := r.tool(ctx, append(append(args, "-buildvcs=false"), r.Listed()...)...)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(out, "x") || strings.Contains(out, "\nx") {
		// A package that is missing may belong to a module of which no package is listed.
		more, _ := r.tool(ctx, "list", "-e", "-m", "-json=false", "-f", modules, "all")
		out += more
	}
	if roots = parseList(out, r.Dir); len(roots) == 0 {
		return nil, errors.New("go list has printed nothing")
	}
	mod, work, _ := strings.Cut(env, "\n")
	if mod = strings.TrimSpace(mod); filepath.IsAbs(mod) && mod != os.DevNull {
		roots = append(roots, moduleFiles(filepath.Dir(mod), mod)...)
	}
	if work = strings.TrimSpace(work); filepath.IsAbs(work) {
		roots = append(roots, files(work, work+".sum", filepath.Join(filepath.Dir(work), "vendor", "modules.txt"))...)
		roots = append(roots, r.workspace(ctx, work)...)
	}
	if work != "off" { // a go.work that is nearer may be added
		roots = append(roots, above(r.Dir, "go.work")...)
	}
	return roots, nil
}

// workspace returns the go.mod files of all modules of a workspace. If one of them is broken, nothing can be built, even
// if the program does not need that module. The go command prints go.work even then.
func (r *Recipe) workspace(ctx context.Context, work string) (roots []watch.Root) {
	text, _ := r.tool(ctx, "work", "edit", "-json", work)
	for _, line := range strings.Split(text, "\n") {
		key, value, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), ","), ": ")
		if dir, err := strconv.Unquote(value); err == nil && key == `"DiskPath"` {
			if dir = filepath.FromSlash(dir); !filepath.IsAbs(dir) {
				dir = filepath.Join(filepath.Dir(work), dir)
			}
			roots = append(roots, files(filepath.Join(dir, "go.mod"))...)
		}
	}
	return roots
}

// moduleFiles returns what says how the module in a directory is built.
func moduleFiles(dir, mod string) []watch.Root {
	return files(mod, strings.TrimSuffix(mod, ".mod")+".sum", filepath.Join(dir, "vendor", "modules.txt"))
}

func files(paths ...string) (roots []watch.Root) {
	for _, path := range paths {
		roots = append(roots, watch.Root{Kind: watch.File, For: watch.Source, Path: path})
	}
	return roots
}

// parseList turns what the go command, run in dir, prints for listing into roots.
func parseList(out, dir string) (roots []watch.Root) {
	add := func(k watch.Kind, path string) {
		roots = append(roots, watch.Root{Kind: k, For: watch.Source, Path: filepath.Clean(path)})
	}
	var missing, modules []string // what is imported and not there; path, directory and go.mod
	for _, line := range strings.Split(out, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if len(line) < 2 {
			continue
		}
		switch value := line[1:]; line[0] {
		case 'p':
			add(watch.Package, value)
		case 'f':
			add(watch.File, value)
		case 'g':
			add(watch.Pattern, value)
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
		roots = append(roots, moduleFiles(at, mod)...)
		for _, path := range missing {
			if rest, ok := strings.CutPrefix(path+"/", module+"/"); ok {
				add(watch.Package, at+"/"+rest)
			}
		}
	}
	return roots
}

// Ground returns what to watch where the go command can list nothing: the directory of
// package main, and every file above it that could say why.
func (r *Recipe) Ground() []watch.Root {
	return append(above(r.Dir, "go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt"),
		watch.Root{Kind: watch.Package, For: watch.Source, Path: r.Dir})
}

// above returns the files of these names in a directory and in all that it lies in.
func above(dir string, names ...string) (roots []watch.Root) {
	for below := ""; dir != below; below, dir = dir, filepath.Dir(dir) {
		for _, name := range names {
			roots = append(roots, files(filepath.Join(dir, name))...)
		}
	}
	return roots
}
