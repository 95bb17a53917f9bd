package e2e

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
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

// The stream behind LiveReload tells what goes on, with the words of the compiler, also to who connects
// later, and ends when the program is to restart.
func TestExampleWebTells(t *testing.T) {
	t.Parallel()
	m := newExample(t, "web")
	address := freeAddress(t)
	p := m.launch(m.build(), []string{debug}, "-addr", address)
	p.await("serves http://")
	p.awaitAnywhere(proved)
	events := func() *bufio.Scanner {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(deadline(t))
		fmt.Fprintf(conn, "GET /.restarter/events HTTP/1.0\r\nHost: %s\r\n\r\n", address)
		return bufio.NewScanner(conn)
	}
	until := func(s *bufio.Scanner, line string) {
		t.Helper()
		var before []string
		for s.Scan() {
			if s.Text() == line {
				return
			}
			before = append(before, s.Text())
		}
		t.Fatalf("no %q in the stream: %q", line, before)
	}
	stream := events()
	until(stream, "event: idle")
	m.edit("main.go", `version = "1"`, `version = 1"`)
	until(stream, "event: building")
	until(stream, "event: failed")
	late := events()
	for _, s := range []*bufio.Scanner{stream, late} {
		s := s
		until(s, "data: # example.com/app")
		if !s.Scan() || !strings.HasPrefix(s.Text(), "data: ./main.go:") {
			t.Errorf("then it says %q", s.Text())
		}
	}
	m.edit("main.go", `version = 1"`, `version = "1"`)
	until(late, "event: same")
	m.edit("main.go", `version = "1"`, `version = "2"`)
	until(stream, "event: restarting")
	for stream.Scan() {
	}
	p.await("version 2, process")
	until(events(), "event: idle")
}

// With -overlap, a version that panics at its start takes nothing down.
func TestExampleWebOverlaps(t *testing.T) {
	needsInheritance(t)
	t.Parallel()
	m := newExample(t, "web")
	address := freeAddress(t)
	p := m.start("-addr", address, "-overlap", "1m")
	p.await("serves http://")
	c := newClient(t, address)
	for _, bad := range []string{
		`page = template.Must(template.New("").Parse("{{"))`,
		`page = func() *template.Template { panic("no") }()`,
	} {
		m.edit("main.go", `page    = template.Must(template.ParseFS(files, "page.html"))`, bad)
		p.await("^restarter: the new program exited with code 2 after .*; the old one keeps running$")
		if page := c.get(); !strings.Contains(page, "Version 1,") {
			t.Errorf("the page is %q", page)
		}
		m.edit("main.go", bad, `page    = template.Must(template.ParseFS(files, "page.html"))`)
		p.await("^restarter: the program is the same$")
	}
	// One that only a file which it reads can mend is tried again when that is saved.
	check := "motto, err := os.ReadFile(*conf)"
	m.edit("main.go", check, check+`
	if !strings.Contains(string(motto), "better") {
		panic("a better motto is needed")
	}`)
	p.await("^restarter: the new program exited with code 2 after ")
	m.put("web.conf", "A better motto.")
	p.await("^restarter: web.conf changed; building$")
	p.await("is done: restarter: time to restart: web.conf")
	if page := c.get(); !strings.Contains(page, "A better motto.") {
		t.Errorf("the page is %q", page)
	}
	for _, version := range []string{"2", "3", "4"} {
		m.edit("main.go", `version = "`, `version = "`+version)
		p.await("version " + version + ".*, process")
		p.await("is done: restarter: time to restart")
		if page := c.get(); !strings.Contains(page, "Version "+version) {
			t.Errorf("the page is %q", page)
		}
	}
	p.expect(5, "serves http://")
	// The lock, the program, and a copy of the first.
	for len(entries(t, p.private())) > 3 {
		if time.Now().After(deadline(t)) {
			t.Fatalf("in the private directory: %v", entries(t, p.private()))
		}
		time.Sleep(10 * time.Millisecond) // until the old one is gone
	}
}
