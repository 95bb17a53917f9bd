package e2e

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// The exit code of the program is that of the parent, and 75 launches it again.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", `package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	fmt.Println("process", os.Getpid())
	switch how := os.Args[1]; how {
	case "panic":
		panic("as told")
	case "stay":
		os.Stdin.Read(make([]byte, 1))
	case "again": // every process adds a byte to a file, the third has had enough
		f, err := os.OpenFile(os.Args[2], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		f.Write([]byte("x"))
		if info, _ := f.Stat(); info.Size() < 3 {
			os.Exit(75)
		}
		os.Exit(4)
	default:
		code, err := strconv.Atoi(how)
		if err != nil {
			panic(err)
		}
		os.Exit(code)
	}
}
`)
	exe := m.build()
	for _, test := range []struct {
		how       string
		code      int
		processes int
	}{
		{"0", 0, 1}, {"1", 1, 1}, {"3", 3, 1}, {"panic", 2, 1}, {"again", 4, 3},
	} {
		p := m.launch(exe, nil, test.how, filepath.Join(t.TempDir(), "bytes"))
		if code := p.exit(); code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.how, code, test.code)
		}
		p.drain()
		p.expect(test.processes, "^process ")
		p.expect(0, "^restarter: ")
	}

	p := m.launch(exe, nil, "stay")
	pid, _ := strconv.Atoi(p.await("^process (.*)")[1])
	killed, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Kill(); err != nil {
		t.Fatal(err)
	}
	want := 137
	if runtime.GOOS == "windows" {
		want = 1 // there are no signals
	}
	if code := p.exit(); code != want {
		t.Errorf("killed: exit code %d, want %d", code, want)
	}
}

// A program that asks may leave with any code when it was told to, and its successor is launched: what was
// written without thinking of a restart often leaves by log.Fatal.
func TestCodesAfterBeingTold(t *testing.T) {
	for _, test := range []struct{ name, exit string }{
		{"returns", "return"}, {"0", "os.Exit(0)"}, {"3", "os.Exit(3)"},
	} {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", strings.Replace(report, "os.Exit(restarter.ExitCode)", test.exit, 1))
			p := m.start()
			p.await("^version 1 ")
			m.replace("main.go", `version = "1"`, `version = "2"`)
			if test.name == "3" {
				p.await("^restarter: the program was told to restart, and exited with code 3; launching the new one$")
			}
			p.await("^version 2 ")
			m.replace("main.go", `version = "2"`, `version = "3"`)
			p.await("^version 3 ")
			p.expect(3, "^version ")
		})
	}
}
