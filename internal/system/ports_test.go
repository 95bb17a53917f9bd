package system

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// buildFor builds a tiny program for another system and machine, "GOOS/GOARCH".
func buildFor(t *testing.T, port string, flags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("with the go command")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() { println(1) }\n"), 0o600))
	system, machine, _ := strings.Cut(port, "/")
	cmd := exec.Command("go", append(append([]string{"build", "-o", "app"}, flags...), "main.go")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOENV=off", "GOFLAGS=", "GO111MODULE=off", "GOWORK=off", "GOOS="+system, "GOARCH="+machine, "PWD="+dir)
	if system != runtime.GOOS || machine != runtime.GOARCH {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build for %s %q: %v\n%s", port, flags, err, out)
	}
	return filepath.Join(dir, "app")
}

// The headers of all formats tell the machine apart, and say how long the file is at least.
func TestCheckExecutableOfOtherPorts(t *testing.T) {
	here := Machine(executable(t))
	machines := map[string]string{here: "this one"}
	// ELF with 32 and 64 bits and of either order, Mach-O, PE and Plan 9.
	for _, port := range []string{"linux/386", "linux/arm64", "linux/s390x", "darwin/arm64", "windows/amd64", "windows/386", "plan9/amd64"} {
		if port == runtime.GOOS+"/"+runtime.GOARCH {
			continue
		}
		exe := buildFor(t, port)
		machine := Machine(exe)
		if other := machines[machine]; machine == "" || other != "" {
			t.Errorf("%s has the machine %q, as %s", port, machine, other)
		}
		machines[machine] = port
		wantRefused(t, port, exe, here, "is not an executable for this system and machine")
		if err := CheckExecutable(exe, machine); err != nil {
			t.Errorf("for its own machine: %v", err)
		}
		data, err := os.ReadFile(exe)
		check(t, err)
		_, end := inspect(data[:16<<10])
		if strings.HasPrefix(port, "plan9") {
			continue // its length is not looked at
		}
		if end < int64(len(data))/3 || end > int64(len(data)) {
			t.Errorf("%s: %d of %d bytes", port, end, len(data))
		}
		check(t, os.Truncate(exe, end-1))
		wantRefused(t, port, exe, machine, "is truncated")
	}
}

// However it is linked, a program is for the machine that builds it.
func TestMachineDoesNotDependOnTheLinker(t *testing.T) {
	port := runtime.GOOS + "/" + runtime.GOARCH
	machine := Machine(buildFor(t, port))
	ways := []string{"-ldflags=-s -w"}
	if runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" { // elsewhere it takes a C compiler
		ways = append(ways, "-buildmode=pie")
	}
	if _, err := exec.LookPath("gcc"); err == nil && os.Getenv("CGO_ENABLED") != "0" {
		ways = append(ways, "-ldflags=-linkmode=external")
	}
	for _, flags := range ways {
		exe := buildFor(t, port, flags)
		if err := CheckExecutable(exe, machine); err != nil {
			t.Errorf("%s: %v", flags, err)
		}
	}
}
