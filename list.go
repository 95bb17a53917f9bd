package restarter

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// listing is what list asks for each package that can change, so none of the standard library
// or the module cache: a letter and what it is about on every line.
const listing = `{{$m := .Module}}` +
	`{{if .Standard}}{{else if not .Dir}}x{{.ImportPath}}
{{else if or (not $m) $m.Main (not $m.Dir) (and $m.Replace (not $m.Replace.Version))}}` +
	`{{if eq .ImportPath "command-line-arguments"}}{{range .GoFiles}}f{{$.Dir}}/{{.}}
{{end}}{{else}}p{{.Dir}}
{{end}}{{range .EmbedPatterns}}g{{$.Dir}}/{{if eq (printf "%.4s" .) "all:"}}{{slice . 4}}{{else}}{{.}}{{end}}
{{end}}{{with $m}}` + modules + `{{end}}{{end}}`

// modules is the line for a module that can change.
const modules = `{{if and .Dir (or .Main (and .Replace (not .Replace.Version)))}}m{{.Path}}	{{.Dir}}	{{or .GoMod (print .Dir "/go.mod")}}
{{end}}`

// list asks the go command which files the program is made of.
func (r *recipe) list(ctx context.Context, private string) (roots []root, err error) {
	if r.Command == "" {
		return nil, errors.New(r.Dead)
	}
	for _, target := range r.Targets {
		args := append([]string{"-e", "-deps", "-f", listing}, r.Flags...)
		out, err := r.goList(ctx, private, append(args, target)...)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(out, "x") || strings.Contains(out, "\nx") {
			// A package that is not there may belong to a module of which none is.
			more, _ := r.goList(ctx, private, "-e", "-m", "-f", modules, "all")
			out += more
		}
		roots = append(roots, parseList(out, r.Dir)...)
	}
	dir := r.Dir
	switch work := os.Getenv("GOWORK"); {
	case work == "off":
		return roots, nil
	case work != "":
		dir = filepath.Dir(work)
		roots = append(roots, root{Kind: file, Source: true, Path: work})
	}
	return append(roots, above(dir, "go.work", "go.work.sum", "vendor/modules.txt")...), nil
}

// parseList turns what the go command, run in dir, prints for listing into roots.
func parseList(out, dir string) (roots []root) {
	add := func(k kind, path string) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path) // of a go.mod that GOFLAGS names, say
		}
		roots = append(roots, root{Kind: k, Source: true, Path: filepath.Clean(path)})
	}
	var missing, modules []string // what is imported and not there; path, directory and go.mod
	for _, line := range strings.Split(out, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if len(line) < 2 {
			continue
		}
		switch value := line[1:]; line[0] {
		case 'p':
			add(pkg, value)
		case 'f':
			add(file, value)
		case 'g':
			add(glob, value)
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
		dir, mod, _ := strings.Cut(rest, "\t")
		add(file, mod)
		add(file, dir+"/go.sum")
		add(file, dir+"/vendor/modules.txt")
		for _, path := range missing {
			if rest, ok := strings.CutPrefix(path+"/", module+"/"); ok {
				add(pkg, dir+"/"+rest)
			}
		}
	}
	return roots
}

// groundRoots is what is watched where the go command can list nothing: the directory of
// package main, and every file above it that could say why.
func groundRoots(dir string) []root {
	return append(above(dir, "go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt"),
		root{Kind: pkg, Source: true, Path: dir})
}

// above returns the files of these names in a directory and in all that it lies in.
func above(dir string, names ...string) (roots []root) {
	for below := ""; dir != below; below, dir = dir, filepath.Dir(dir) {
		for _, name := range names {
			roots = append(roots, root{Kind: file, Source: true, Path: filepath.Join(dir, name)})
		}
	}
	return roots
}
