//go:build unix

package say

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
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
