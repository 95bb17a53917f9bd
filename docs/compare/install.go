package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// install has the go command build a tool into bin, or looks whether it is there. It does not use go
// install, which asks for the list of all versions too: a proxy may have the version and not the list.
func (t *tool) install(tmp, bin, checkout string) error {
	switch {
	case t.Server == "restarter":
		out, _ := exec.Command("git", "-C", checkout, "log", "-1", "--format=%h", "--", ".", ":!docs").Output()
		t.Version = strings.TrimSpace(string(out))
		return nil
	case t.Release != "":
		if _, err := exec.LookPath(t.Name); err != nil {
			return errors.New("it is not on PATH")
		}
		out, _ := exec.Command("timeout", "5", "sh", "-c", t.Release).Output()
		t.Version = strings.TrimSpace(string(out))
		return nil
	case t.Package == "":
		return nil // it was installed for another column, or the server's module requires it
	}
	dir := filepath.Join(tmp, "install-"+t.Name)
	mod := fmt.Sprintf("module example.com/install\n\ngo 1.21\n\nrequire %s %s\n", t.Module, t.Version)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o644); err != nil {
		return err
	}
	cmd := exec.Command("timeout", "150", "go", "build", "-mod=mod", "-o", bin+"/", t.Package)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=", "COMPARE="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("it could not be installed: %v: %s", err, lines[len(lines)-1])
	}
	return nil
}
