package system

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/lib537/restarter"

// below says what a package may import of this module, its tests too.
var below = map[string][]string{
	"/internal/system":     {},
	"/internal/say":        {"/internal/system"},
	"/internal/watch":      {"/internal/system"},
	"/internal/private":    {"/internal/system"},
	"/internal/link":       {"/internal/system"},
	"/internal/gotool":     {"/internal/system", "/internal/watch"},
	"/internal/budget":     {},
	"/internal/start":      {},
	"/internal/succession": {},
	"/internal/socket":     {},
	"/internal/suspend":    {"/internal/system"},
	"/internal/status":     {},
	"/internal/job":        {"/internal/gotool", "/internal/private", "/internal/watch"},
	"/internal/e2e":        {},
}

// Imports run only downwards, on every system, and nothing but the standard library is imported.
// Only tests from end to end, and what stands beside or above the root, import the root.
func TestImportsRunDownwards(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	root, err := filepath.Abs("../..")
	check(t, err)
	seen := make(map[string]bool)
	for _, system := range []string{"linux", "darwin", "windows", "plan9"} {
		cmd := exec.Command("go", "list", "-e", "-f", `{{.ImportPath}}	{{join .Imports " "}}	{{join .TestImports " "}} {{join .XTestImports " "}}`, "./...")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOENV=off", "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOOS="+system, "CGO_ENABLED=0", "PWD="+root)
		out, err := cmd.Output()
		check(t, err)
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			fields := strings.Split(line, "\t")
			if len(fields) != 3 || !ours(fields[0]) {
				t.Fatalf("go list has printed %q", line)
			}
			name := strings.TrimPrefix(fields[0], module)
			seen[name] = true
			for _, imported := range strings.Fields(fields[1]) {
				if !mayImport(name, imported) {
					t.Errorf("on %s, %s imports %s", system, fields[0], imported)
				}
			}
			for _, imported := range strings.Fields(fields[2]) {
				if name == "/internal/e2e" && imported == module || name == "" && imported == module+"/restarthttp" { // an example
					continue
				}
				if !mayImport(name, imported) && imported != fields[0] {
					t.Errorf("on %s, a test of %s imports %s", system, fields[0], imported)
				}
			}
		}
	}
	for name := range below {
		if !seen[name] {
			t.Errorf("there is no package %s%s", module, name)
		}
	}
}

func ours(path string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// mayImport reports whether a package of this module may import another one.
func mayImport(name, path string) bool {
	if !ours(path) {
		first, _, _ := strings.Cut(path, "/")
		return !strings.Contains(first, ".") // of the standard library
	}
	imported := strings.TrimPrefix(path, module)
	if some, ok := below[name]; ok {
		return slices.Contains(some, imported)
	}
	internal := strings.HasPrefix(imported, "/internal/")
	switch {
	case strings.HasPrefix(name, "/internal/"):
		return imported != "" && internal && imported != "/internal/e2e"
	case name == "":
		return internal && imported != "/internal/e2e"
	case strings.HasPrefix(name, "/examples/"):
		return !internal && !strings.HasPrefix(imported, "/examples/") // what any program can import
	}
	return imported != "/internal/e2e" && !strings.HasPrefix(imported, "/examples/")
}

func TestMayImport(t *testing.T) {
	tests := []struct {
		name, imported string
		want           bool
	}{
		{"/internal/system", "os", true},
		{"/internal/system", "golang.org/x/sys/unix", false},
		{"/internal/system", module + "/internal/watch", false},
		{"/internal/watch", module + "/internal/system", true},
		{"/internal/watch", module + "/internal/gotool", false},
		{"/internal/gotool", module + "/internal/watch", true},
		{"/internal/gotool", module + "/internal/private", false},
		{"/internal/private", module, false},
		{"/internal/new", module, false},
		{"/internal/new", module + "/internal/system", true},
		{"", module + "/internal/link", true},
		{"", module + "/internal/e2e", false},
		{"", module + "/examples/web", false},
		{"/restarthttp", module, true},
		{"/restarthttp", module + "/internal/status", true},
		{"/examples/web", module, true},
		{"/examples/web", module + "/internal/system", false},
		{"/internal/e2e", module + "/internal/system", false},
	}
	for _, test := range tests {
		if got := mayImport(test.name, test.imported); got != test.want {
			t.Errorf("%s imports %s: %t", test.name, test.imported, got)
		}
	}
}
