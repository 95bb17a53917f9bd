package system

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// programs are what this test binary can be started as, by the variable programVar.
var programs = map[string]func(){
	// exit leaves with a code, once its standard input has ended.
	"exit": func() {
		io.Copy(io.Discard, os.Stdin)
		code, _ := strconv.Atoi(os.Args[1])
		os.Exit(code)
	},
	// lock locks a file, says so, and waits.
	"lock": func() {
		if _, err := Lock(os.Args[1]); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("locked")
		io.Copy(io.Discard, os.Stdin)
	},
}

const programVar = "SYSTEM_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each of programs sleeps for a second
	os.Exit(m.Run())
}

func executable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func command(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(executable(t), args...)
	cmd.Env = append(os.Environ(), programVar+"="+program)
	cmd.Stderr = os.Stderr
	return cmd
}

// firstLine starts a command and returns the first line that it prints. The command ends with
// the test, or when the function is called.
func firstLine(t *testing.T, cmd *exec.Cmd) (line string, end func()) {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() {
		stdin.Close()
		io.Copy(io.Discard, stdout)
		cmd.Wait()
	}
	t.Cleanup(end)
	line, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return line, end
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
