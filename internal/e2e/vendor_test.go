package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asks is a program that asks, and tells what it was told: where the library could not find out that it
// asks, SIGTERM would end it before.
var asks = strings.Replace(report, "\tos.Exit(restarter.ExitCode)",
	"\tfmt.Println(\"told\")\n\tos.Exit(restarter.ExitCode)", 1)

// restartsAndIsTold edits a program that is called asks, and what is a copy of the library.
func (m *module) restartsAndIsTold(p *process, copied string) {
	m.t.Helper()
	p.await("^version 1 ")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^told$")
	p.await("^version 2 ")
	// The copy is a part of the program like any other.
	m.replace(copied, "const ExitCode = 75", "const ExitCode = 75 // edited")
	p.await("restarter.go changed; building$")
	p.await(same)
	m.replace("main.go", `version = "2"`, `version = "3"`)
	p.await("^told$")
	p.await("^version 3 ")
	p.expect(3, "^version ")
	p.expect(2, "^told$")
}

// needsNoReplace has the replace line lead nowhere, so that what is vendored counts alone.
func (m *module) needsNoReplace() {
	m.t.Helper()
	data, err := os.ReadFile(m.path("go.mod"))
	if err != nil {
		m.t.Fatal(err)
	}
	m.write("go.mod", strings.ReplaceAll(string(data), root(m.t), m.path("nowhere")))
	modules, err := os.ReadFile(m.path("vendor/modules.txt"))
	if err != nil {
		m.t.Fatal(err)
	}
	m.write("vendor/modules.txt", strings.ReplaceAll(string(modules), root(m.t), m.path("nowhere")))
}

func TestModVendor(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", asks)
	env := []string{"GOFLAGS="} // and not -mod=mod
	m.goTool(env, "mod", "vendor")
	m.needsNoReplace()
	p := m.launch(m.buildWith(env), env)
	m.restartsAndIsTold(p, "vendor/github.com/lib537/restarter/restarter.go")
}

// A program that never asks is known as such where the library is vendored.
func TestModVendorAskless(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", askless, "serve.go", serveTCP, "ready.go", noHandler)
	env := []string{"GOFLAGS="}
	m.goTool(env, "mod", "vendor")
	m.needsNoReplace()
	p := m.launch(m.buildWith(env), env, freeAddress(t))
	p.await("^version 1$")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^version 2$")
}

func TestWorkVendor(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", asks,
		"uses.go", "package main\n\nimport \"example.com/lib\"\n\nvar _ = lib.Text\n",
		"lib/go.mod", "module example.com/lib\n\ngo 1.21\n",
		"lib/lib.go", "package lib\n\nconst Text = \"lib\"\n",
		"go.work", "go 1.21\n\nuse (\n\t.\n\t./lib\n)\n")
	env := []string{"GOFLAGS=", "GOWORK="}
	cmd := m.tool("work", "vendor")
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "unknown command") {
			t.Skip("go work vendor came with Go 1.22")
		}
		t.Fatalf("go work vendor: %v\n%s", err, out)
	}
	m.needsNoReplace()
	p := m.launch(m.buildWith(env), env)
	m.restartsAndIsTold(p, "vendor/github.com/lib537/restarter/restarter.go")
}

// The library is a folder of the module, and the replace line leads there: not even the module proxy's
// name for it is needed.
func TestCopiedFolder(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", asks)
	m.copyLibrary("third_party/restarter")
	m.replace("go.mod", root(t), "./third_party/restarter")
	m.restartsAndIsTold(m.start(), "third_party/restarter/restarter.go")
}

// copyLibrary copies what the library is made of into a folder of the module: all but the tests.
func (m *module) copyLibrary(to string) {
	m.t.Helper()
	from := root(m.t)
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && rel != "." && strings.HasPrefix(d.Name(), "."), rel == "examples":
			return filepath.SkipDir
		case filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go"), rel == "go.mod":
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			m.write(filepath.ToSlash(filepath.Join(to, rel)), string(data))
		}
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
}
