package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestEditRestarts(t *testing.T) {
	m := newModule(t, "main.go", report)
	p := m.start()
	p.await("^version 1 ")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^version 2 ")
}

// newExample copies an example into a module of its own.
func newExample(t *testing.T, name string) *module {
	t.Helper()
	m := newModule(t)
	entries, err := os.ReadDir(filepath.Join(root(t), "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range entries {
		data, err := os.ReadFile(filepath.Join(root(t), "examples", name, d.Name()))
		if err != nil {
			t.Fatal(err)
		}
		m.write(d.Name(), string(data))
	}
	return m
}

// Three lines are all that the program knows of restarts.
func TestExampleHello(t *testing.T) {
	t.Parallel()
	m := newExample(t, "hello")
	address := freeAddress(t)
	m.replace("main.go", `"localhost:8080"`, strconv.Quote(address))
	p := m.startWatched()
	c := newClient(t, address)
	if page := c.await(); page != "hello" {
		t.Errorf("the page is %q", page)
	}
	m.edit("main.go", `"hello"`, `"good morning"`)
	p.await(restarting)
	for page := ""; page != "good morning"; {
		page = c.await() // the old program may still answer
	}
}

func TestExampleLoop(t *testing.T) {
	t.Parallel()
	m := newExample(t, "loop")
	p := m.start()
	p.await("^hello from process ")
	m.replace("main.go", `"hello"`, `"good morning"`)
	p.await("^good morning from process ")
}

// The page changes with the Go file, with the template and with the configuration, and the
// port is never in use.
func TestExampleWeb(t *testing.T) {
	t.Parallel()
	m := newExample(t, "web")
	address := freeAddress(t)
	p := m.start("-addr", address)
	p.await("serves http://")
	c := newClient(t, address)
	for _, edit := range []struct{ file, old, new, page string }{
		{"main.go", `version = "1"`, `version = "2"`, "Version 2"},
		{"page.html", "Hello", "Good morning", "<h1>Good morning"},
		{"web.conf", "", "A new motto. ", "<p>A new motto. "},
	} {
		m.replace(edit.file, edit.old, edit.new)
		p.await("serves http://")
		if page := c.get(); !strings.Contains(page, edit.page) {
			t.Errorf("no %q in the page:\n%s", edit.page, page)
		}
	}
	p.expect(0, "in use")
	p.expect(4, "serves http://")
}
