// Command ports checks that the library compiles for every port that the go command knows: it has
// the compiler's front end, go/types, read the library and what it imports, all of it from source.
// Compiling the standard library for each port would take ten minutes where nothing is cached.
//
// Its arguments are import paths.
package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	if os.Getenv("PORT") != "" {
		if err := check(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	out, err := exec.Command("go", "tool", "dist", "list").Output()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	exe, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	ports := strings.Fields(string(out))
	failed := make(chan bool, len(ports))
	slots := make(chan bool, runtime.GOMAXPROCS(0))
	for _, port := range ports {
		slots <- true
		go func(port string) {
			goos, goarch, _ := strings.Cut(port, "/")
			cmd := exec.Command(exe, os.Args[1:]...)
			cmd.Env = append(os.Environ(), "PORT="+port, "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0", "GOMAXPROCS=1", "GOGC=400")
			out, err := cmd.CombinedOutput()
			fmt.Printf("  %s %s", port, out)
			if err == nil {
				fmt.Println("ok")
			}
			failed <- err != nil
			<-slots
		}(port)
	}
	code := 0
	for range ports {
		if <-failed {
			code = 1
		}
	}
	os.Exit(code)
}

// check checks one port, in a process of its own, whose environment names it: the packages of this module
// in full, and what they import as far as they see it.
func check() error {
	const list = "{{with .Module}}{{if .Main}}{{$.ImportPath}}|{{$.Dir}}{{range $.GoFiles}}|{{.}}{{end}}{{end}}{{end}}"
	out, err := exec.Command("go", append([]string{"list", "-deps", "-f", list}, os.Args[1:]...)...).Output()
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	imports := importer.ForCompiler(files, "source", nil)
	for _, line := range strings.Fields(string(out)) {
		fields := strings.Split(line, "|")
		path, dir := fields[0], fields[1]
		var parsed []*ast.File
		for _, name := range fields[2:] {
			f, err := parser.ParseFile(files, filepath.Join(dir, name), nil, 0)
			if err != nil {
				return err
			}
			parsed = append(parsed, f)
		}
		conf := types.Config{Importer: imports, Sizes: types.SizesFor("gc", os.Getenv("GOARCH"))}
		if _, err := conf.Check(path, files, parsed, nil); err != nil {
			return err
		}
	}
	return nil
}
