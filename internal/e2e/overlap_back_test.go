package e2e

import (
	"runtime"
	"testing"
)

// Overlap: an edit is taken back while its program gets ready. The old one is what the sources build again: it keeps
// running, and the new one is ended, in its own time.
func TestOverlapTakenBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		then func(m *module, p *process)
	}{
		{"and so is the next", func(m *module, p *process) {
			m.put("die", "")
			p.await("^dies$")
			m.remove("die")
			takeBack(m, p)
			m.put("die", "")
			p.await("^dies$")
		}},
		{"then what is read changes", func(m *module, p *process) {
			m.put("die", "")
			p.await("^dies$")
			m.put("config", "b")
			p.await("^restarter: config changed; restarting$")
			p.await("^version 1 config b$")
		}},
		{"what is read changes before", func(m *module, p *process) {
			m.put("die", "")
			p.await("^dies$")
			m.edit("main.go", "version = 1", "version = 2")
			p.await("^version 2 config a$")
			m.put("config", "b")
			p.await("^restarter: config changed; restarting$")
			m.edit("main.go", "version = 2", "version = 1")
			p.await("^version 1 config b$") // anew
		}},
		{"what was saved with it is not", func(m *module, p *process) {
			m.put("die", "")
			p.await("^dies$")
			m.edit("main.go", "version = 1", "version = 2")
			m.put("config", "b")
			p.await("^version 2 config b$")
			m.edit("main.go", "version = 2", "version = 1")
			p.await("^restarter: the old program is the same; it keeps running$")
			p.await("^restarter: config changed; restarting$")
			p.await("^version 1 config b$")
		}},
		// The new one does not take over.
		{"and the old one ends by itself", func(m *module, p *process) {
			p.stdin.Close()
			p.await("^ends$")
			m.put("die", "")
		}},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newSlowToDie(t)
			p := m.startWatched()
			takeBack(m, p)
			test.then(m, p)
			p.stdin.Close()
			p.wantExit(0)
			p.expect(0, "^restarter: .* exited with code 3 ")
			p.expect(0, "^restarter: .* keeps exiting")
		})
	}
}

// takeBack makes an edit, and takes it back.
func takeBack(m *module, p *process) {
	m.t.Helper()
	p.do("")
	old := p.await(`^process (\d+)$`)[1]
	m.edit("main.go", "version = 1", "version = 2")
	p.await("^version 2 config a$")
	m.edit("main.go", "version = 2", "version = 1")
	p.await("^restarter: the old program is the same; it keeps running$")
	p.await("^is told to end$")
	p.do("")
	if now := p.await(`^process (\d+)$`)[1]; now != old {
		m.t.Errorf("process %s runs, want %s", now, old)
	}
}

// newSlowToDie is a program whose version 2 gets ready for ever, and ends when it is told to and there is the file die.
func newSlowToDie(t *testing.T) *module {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("nothing tells a process to end here")
	}
	return newModule(t, "main.go", `package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/lib537/restarter"
)

const version = 1

func main() {
	l := restarter.Launcher{Overlap: time.Hour}
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	restarter.Track("config")
	config, _ := os.ReadFile("config")
	if version == 2 {
		signal.Notify(told, syscall.SIGTERM)
	}
	fmt.Printf("version %d config %s\n", version, config)
	if version == 2 {
		dieSlowly()
	}
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()
	go func() {
		for s := bufio.NewScanner(os.Stdin); s.Scan(); {
			fmt.Println("process", os.Getpid())
		}
		fmt.Println("ends")
		os.Exit(0)
	}()
	<-ctx.Done()
	os.Exit(restarter.ExitCode)
}
`, "die.go", `package main

import (
	"fmt"
	"os"
	"time"
)

var told = make(chan os.Signal, 1)

func dieSlowly() {
	<-told
	fmt.Println("is told to end")
	for {
		if _, err := os.Stat("die"); err == nil {
			fmt.Println("dies")
			os.Exit(3)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
`, "config", "a")
}
