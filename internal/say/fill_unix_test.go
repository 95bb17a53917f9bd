//go:build unix

package say

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fillPipe writes to a pipe until it takes no more.
func fillPipe(t *testing.T, w *os.File) {
	t.Helper()
	fd := int(w.Fd())
	check(t, syscall.SetNonblock(fd, true))
	for _, size := range []int{4096, 1} {
		for block := make([]byte, size); ; {
			if _, err := syscall.Write(fd, block); err != nil {
				break
			}
		}
	}
	check(t, syscall.SetNonblock(fd, false))
}

// A program without standard error says nothing, and nothing breaks.
func TestNoStandardError(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	cmd, stdout := talk(t)
	cmd.Args = []string{"sh", "-c", `exec "$0" 2>&-`, cmd.Path}
	cmd.Path = shell
	err = cmd.Run()
	wantDone(t, err, stdout)
}

// A message waits a little for a reader that is late, and is not lost.
func TestAReaderThatIsLate(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	fillPipe(t, w)
	cmd, stdout := talk(t)
	cmd.Stderr = w
	check(t, cmd.Start())
	w.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(r)
	check(t, err)
	err = cmd.Wait()
	wantDone(t, err, stdout)
	if got := string(bytes.TrimLeft(text.Bytes(), "\x00")); got != said {
		t.Errorf("%q, want %q", got, said)
	}
}

// Many messages that nobody reads hold up the program once, not each time; they need one goroutine; and a reader that comes
// back sees the last of them in their order.
func TestManyMessagesThatNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	fillPipe(t, w)
	cmd, _ := talk(t)
	cmd.Env = append(cmd.Env, programVar+"=talkMuch")
	cmd.Stderr, cmd.Stdout = w, nil
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	stdin, err := cmd.StdinPipe()
	check(t, err)
	check(t, cmd.Start())
	w.Close()
	start, lines := time.Now(), bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	check(t, err)
	if line != "true\n" {
		t.Error("each message has a goroutine")
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("a hundred messages take %v", took)
	}
	text := make(chan string)
	go func() {
		said, _ := io.ReadAll(r)
		text <- string(bytes.TrimLeft(said, "\x00"))
	}()
	stdin.Close()
	line, err = lines.ReadString('\n')
	check(t, err)
	check(t, cmd.Wait())
	said := strings.Split(strings.TrimSpace(<-text), "\n")
	if n := len(said); n < longestQueue || said[n-1] != "restarter: the last" || said[n-2] != fmt.Sprintf("restarter: line %d", longestQueue) {
		t.Errorf("the reader sees %d lines, the last %q", n, said[max(0, n-2):])
	}
}

// What is said last, before the process ends, is heard if somebody reads by then.
func TestLastWords(t *testing.T) {
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	fillPipe(t, w)
	cmd, _ := talk(t)
	cmd.Env = append(cmd.Env, programVar+"=lastWords")
	cmd.Stderr, cmd.Stdout = w, nil
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	w.Close()
	_, err = bufio.NewReader(stdout).ReadString('\n')
	check(t, err)
	said, err := io.ReadAll(r)
	check(t, err)
	check(t, cmd.Wait())
	if got := string(bytes.TrimLeft(said, "\x00")); got != "restarter: first\nrestarter: last\n" {
		t.Errorf("heard is %q", got)
	}
}

// Who has nothing to say writes nothing, not even nothing: that would stop a process in the background of a terminal. A
// datagram shows it.
func TestNothingIsWritten(t *testing.T) {
	for program, want := range map[string]bool{"silent": false, "talk": true} {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
		check(t, err)
		defer syscall.Close(fds[0])
		cmd, _ := talk(t)
		cmd.Env = append(cmd.Env, programVar+"="+program)
		there := os.NewFile(uintptr(fds[1]), "there")
		cmd.Stderr = there
		check(t, cmd.Run())
		there.Close()
		check(t, syscall.SetNonblock(fds[0], true))
		if _, _, err := syscall.Recvfrom(fds[0], make([]byte, 1), 0); (err == nil) != want {
			t.Errorf("%s: whether something was written: %t", program, !want)
		}
	}
}
