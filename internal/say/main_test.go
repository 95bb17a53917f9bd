package say

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// programs are what this test binary can be started as, by the variable programVar.
var programs = map[string]func(){
	// talk says something, then prints that it has.
	"talk": func() {
		Line("%s changed; building", "main.go")
		Text([]byte("./main.go:1:1: no\n./main.go:2:2: no\n"))
		fmt.Println("done")
	},
	// lastWords are said when nobody reads yet.
	"lastWords": func() {
		Line("first")
		fmt.Println("now")
		Line("last")
		Flush()
	},
	// silent says nothing.
	"silent": Flush,
	// talkMuch says a hundred lines and more.
	"talkMuch": func() {
		for i := 0; i <= longestQueue; i++ {
			Line("line %d", i)
		}
		fmt.Println(runtime.NumGoroutine() < 5)
		fmt.Scanln() // which ends when somebody reads
		for output.stuck.Load() {
			runtime.Gosched()
		}
		Line("the last")
		fmt.Println("done")
	},
}

const programVar = "SAY_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each of programs sleeps for a second
	os.Exit(m.Run())
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// talk prepares the program of that name. What it prints on standard output goes to a buffer.
func talk(t *testing.T) (cmd *exec.Cmd, stdout *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	check(t, err)
	cmd, stdout = exec.Command(exe), new(bytes.Buffer)
	cmd.Env = append(os.Environ(), programVar+"=talk")
	cmd.Stdout = stdout
	return cmd, stdout
}

const said = "restarter: main.go changed; building\n./main.go:1:1: no\n./main.go:2:2: no\n"

// wantDone fails the test unless the program has said all, and left as usual.
func wantDone(t *testing.T, err error, stdout *bytes.Buffer) {
	t.Helper()
	if err != nil || stdout.String() != "done\n" {
		t.Errorf("%v, %q", err, stdout)
	}
}
