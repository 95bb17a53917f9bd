package e2e

import (
	"runtime"
	"strings"
	"testing"
)

// askless is a server that knows nothing of restarts but the one line in main.
const askless = `package main

import (
	"fmt"
	"net"
	"os"

	"github.com/lib537/restarter"
)

const version = "1"

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ready()
	ln, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Println("cannot listen:", err)
		os.Exit(1)
	}
	fmt.Println("version", version)
	panic(serve(ln))
}
`

// serveTCP and serveHTTP are what such programs do for the rest of their lives.
const (
	serveTCP = `package main

import "net"

func serve(ln net.Listener) error {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		conn.Close()
	}
}
`
	serveHTTP = `package main

import (
	"net"
	"net/http"
)

func serve(ln net.Listener) error { return http.Serve(ln, nil) }
`
	noHandler = "package main\n\nfunc ready() {}\n"
)

// A program that never asks is sent SIGTERM when its successor is built, and is launched again
// whatever it does about that.
func TestProgramThatNeverAsks(t *testing.T) {
	leaves := func(how string) string {
		return `package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func ready() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		fmt.Println("told:", <-told)
		` + how + `
	}()
}
`
	}
	tests := []struct{ name, ready, told string }{
		{name: "no handler", ready: noHandler},
		{name: "http", ready: noHandler},
		{name: "leaves with 0", ready: leaves("os.Exit(0)"), told: "^told: terminated$"},
		{name: "leaves with 1", ready: leaves("os.Exit(1)"), told: "^told: terminated$"},
		{name: "leaves with 75", ready: leaves("os.Exit(75)"), told: "^told: terminated$"},
		{name: "panics", ready: leaves(`panic("at once")`), told: "^panic: at once"},
	}
	for _, test := range tests {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" && test.told != "" {
				t.Skip("there are no signals")
			}
			m := newModule(t, "main.go", askless, "ready.go", test.ready, "serve.go", serveTCP)
			if test.name == "http" {
				m.write("serve.go", serveHTTP)
			}
			p := m.start(freeAddress(t))
			p.await("^version 1$")
			for _, edit := range [][2]string{{"1", "2"}, {"2", "3"}} {
				m.replace("main.go", `version = "`+edit[0], `version = "`+edit[1])
				p.await(restarting)
				if test.told != "" {
					p.await(test.told)
				}
				p.await("^version " + edit[1] + "$")
			}
			p.expect(3, "^version ")
			p.expect(0, "^cannot listen")
			p.expect(0, "keeps? exiting")
		})
	}
}

// One that does not leave on SIGTERM is killed, by default after ten seconds.
func TestProgramThatNeverAsksAndStays(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals")
	}
	for _, grace := range []string{"", "300 * time.Millisecond"} {
		grace := grace
		t.Run("grace "+grace, func(t *testing.T) {
			t.Parallel()
			main, within := askless, "10s"
			if grace != "" {
				within = "300ms"
				main = strings.NewReplacer("restarter.LaunchChild()", "(&restarter.Launcher{Grace: "+grace+"}).LaunchChild()",
					`"os"`, "\"os\"\n\t\"time\"").Replace(main)
			}
			m := newModule(t, "main.go", main, "serve.go", serveTCP, "ready.go", `package main

import (
	"os/signal"
	"syscall"
)

func ready() { signal.Ignore(syscall.SIGTERM) }
`)
			p := m.start(freeAddress(t))
			p.await("^version 1$")
			m.replace("main.go", `version = "1"`, `version = "2"`)
			p.await(restarting)
			if grace == "" {
				p.await("^restarter: waiting for the program to exit; it will be killed after 10s$")
			}
			p.await("^restarter: the program did not exit within " + within + "; ending it$")
			p.await("^version 2$")
			p.expect(2, "^version ")
		})
	}
}

// When nobody has told it to restart, its end is the end.
func TestProgramThatNeverAsksEnds(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", askless, "serve.go", serveTCP, "ready.go", `package main

import (
	"fmt"
	"os"
)

func ready() {
	go func() {
		fmt.Scanln()
		os.Exit(7)
	}()
}
`)
	exe := m.build()
	p := m.launch(exe, nil, freeAddress(t))
	p.await("^version 1$")
	p.stdin.Close()
	if code := p.exit(); code != 7 {
		t.Errorf("exit code %d, want 7", code)
	}
	if runtime.GOOS == "windows" {
		return
	}
	p = m.launch(exe, nil, freeAddress(t))
	p.await("^version 1$")
	if err := terminate(p.cmd.Process); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(); code != 143 {
		t.Errorf("exit code %d after SIGTERM, want 143", code)
	}
}

// An edit adds the question to a program that never asked, and another takes it away again.
func TestProgramThatBeginsToAsk(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", askless, "serve.go", serveTCP, "ready.go", noHandler)
	p := m.start(freeAddress(t))
	p.await("^version 1$")
	m.write("ready.go", `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/lib537/restarter"
)

func ready() {
	fmt.Println("asks")
	ctx, _ := restarter.NotifyContext(context.Background())
	go func() {
		<-ctx.Done()
		fmt.Println("told:", context.Cause(ctx))
		os.Exit(restarter.ExitCode)
	}()
}
`)
	p.await("^asks$")
	p.await("^version 1$")
	m.replace("main.go", `version = "1"`, `version = "2"`)
	p.await("^told: restarter: time to restart: main.go$")
	p.await("^version 2$")
	m.write("ready.go", noHandler)
	p.await("^told: restarter: time to restart: ready.go$")
	p.await("^version 2$")
	m.replace("main.go", `version = "2"`, `version = "3"`)
	p.await("^version 3$")
}
