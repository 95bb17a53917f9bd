package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

const (
	cannotRebuild = "^restarter: cannot rebuild: "
	canBuild      = "^restarter: the sources can be built now; watching them$"
)

// A go command that comes later, as on a machine that is being set up, is found, and so is what was
// edited before.
func TestGoCommandComesLater(t *testing.T) {
	for _, edited := range []bool{false, true} {
		edited := edited
		t.Run(map[bool]string{false: "same sources", true: "other sources"}[edited], func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text)
			path, err := exec.LookPath("go")
			if err != nil {
				t.Fatal(err)
			}
			bin := t.TempDir()
			exe := m.buildWith([]string{"CGO_ENABLED=0"}) // there will be no C compiler
			p := m.launch(exe, []string{"PATH=" + bin, debug})
			p.await("^text 1 ")
			p.await(cannotRebuild + "no go command in PATH; watching only the executable$")
			if edited {
				m.replace("text.go", `"1"`, `"2"`)
			}
			if err := os.Symlink(path, filepath.Join(bin, filepath.Base(path))); err != nil {
				t.Skip(err)
			}
			p.await(canBuild)
			if edited {
				p.await("^restarter: .*text.go changed; building$") // seen though it could not be built
				p.await("^text 2 ")
				m.replace("text.go", `"2"`, `"1"`)
			} else {
				p.await(proved)
			}
			m.replace("text.go", `"1"`, `"3"`)
			p.await("^text 3 ")
			p.leave()
			p.expect(1, cannotRebuild)
			p.expect(1, canBuild)
		})
	}
}

// Sources that come later: a disk that is mounted after the program was started.
func TestSourcesComeLater(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	away := m.dir + "-away"
	if err := os.Rename(m.dir, away); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(away) })
	elsewhere := *m
	elsewhere.dir = t.TempDir()
	p := elsewhere.launch(exe, []string{debug})
	p.await("^text 1 ")
	p.await(cannotRebuild + "the sources of example.com/app are not here; watching only the executable$")
	if err := os.Rename(away, m.dir); err != nil {
		t.Fatal(err)
	}
	p.await(canBuild)
	p.await(proved)
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^restarter: .*text.go changed; building$")
	p.await("^text 2 ")
	p.leave()
	p.expect(2, "^text ")
}

// Without sources, a deploy restarts the program; when the sources come, they count.
func TestDeployBeforeTheSourcesCome(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an executable that runs cannot be replaced")
	}
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	m.replace("text.go", `"1"`, `"2"`)
	newer := m.build()
	away := m.dir + "-away"
	if err := os.Rename(m.dir, away); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(away) })
	elsewhere := *m
	elsewhere.dir = t.TempDir()
	p := elsewhere.launch(exe, []string{debug})
	p.await("^text 1 ")
	p.await(cannotRebuild)
	if err := os.Rename(newer, exe); err != nil {
		t.Fatal(err)
	}
	p.await("was replaced; restarting$")
	p.await("^text 2 ")
	if err := os.Rename(away, m.dir); err != nil {
		t.Fatal(err)
	}
	p.await(canBuild)
	m.replace("text.go", `"2"`, `"3"`)
	p.await("^text 3 ")
	p.leave()
	p.expect(3, "^text ")
}
