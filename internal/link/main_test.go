package link

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// programs are what this test binary can be started as, by the variable programVar. The first
// argument is the name of a line.
var programs = map[string]func(){
	// echo sends each message back, with its file.
	"echo": func() {
		l := mustOpen()
		for {
			kind, text, f, err := l.Receive()
			if err != nil {
				fmt.Println("the line has ended")
				return
			}
			if text == "leave" {
				os.Exit(0)
			}
			check(l.Send(kind, text, f))
			if f != nil {
				f.Close()
			}
		}
	},
	// again opens the line, then starts a process that tries to.
	"again": func() {
		mustOpen()
		cmd := exec.Command(os.Args[0], os.Args[1])
		cmd.Env = append(os.Environ(), programVar+"=open")
		cmd.Stdout = os.Stdout
		check(cmd.Run())
	},
	// open tries to open the line.
	"open": func() {
		_, ok := Open(os.Args[1])
		fmt.Println("opened:", ok)
	},
}

const programVar = "LINK_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each of programs sleeps for a second
	os.Exit(m.Run())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func mustOpen() *Line {
	l, ok := Open(os.Args[1])
	if !ok {
		panic("no line " + os.Args[1])
	}
	return l
}

func command(t *testing.T, program string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), programVar+"="+program)
	cmd.Stderr = os.Stderr
	return cmd
}

// A process is one of programs at the other end of a line.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	line   *Line
	name   string
	output *bufio.Reader
}

func start(t *testing.T, program string) *process {
	t.Helper()
	p := &process{t: t, cmd: command(t, program)}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.output = bufio.NewReader(stdout)
	line, name, started, err := Attach(p.cmd)
	if err != nil {
		t.Fatal(err)
	}
	p.line, p.name = line, name
	p.cmd.Args = append(p.cmd.Args, name)
	err = p.cmd.Start()
	started()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.line.Close()
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	return p
}

// said is all that the process prints, once it has ended.
func (p *process) said() string {
	p.t.Helper()
	text, err := io.ReadAll(p.output)
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (p *process) send(kind byte, text string, f *os.File) {
	p.t.Helper()
	if err := p.line.Send(kind, text, f); err != nil {
		p.t.Fatal(err)
	}
}

// want receives a message and compares it.
func (p *process) want(kind byte, text string) *os.File {
	p.t.Helper()
	k, got, f, err := p.line.Receive()
	if err != nil {
		p.t.Fatal(err)
	}
	if k != kind || got != text {
		p.t.Fatalf("%c, %d bytes %.40q, want %c, %d bytes %.40q", k, len(got), got, kind, len(text), text)
	}
	return f
}
