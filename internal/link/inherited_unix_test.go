//go:build unix

package link

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func init() {
	if os.Getenv(programVar) == "" {
		for fd := 3; fd < 30; fd++ {
			syscall.CloseOnExec(fd) // what somebody has started the tests with
		}
	}
	// nonblocking is outer with a standard input that does not block.
	programs["nonblocking"] = func() {
		check(syscall.SetNonblock(0, true))
		check(os.Setenv(programVar, "outer"))
		check(syscall.Exec(os.Args[0], os.Args, os.Environ()))
	}
	// outer starts inner over a line, as a parent does.
	programs["outer"] = func() {
		FindInherited()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), programVar+"=inner")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		l, name, started, err := Attach(cmd)
		check(err)
		cmd.Args = append(cmd.Args, name)
		check(cmd.Start())
		started()
		_, text, _, err := l.Receive()
		check(err)
		fmt.Println("inner says", text)
		check(cmd.Wait())
	}
	// inner prints what it was started with.
	programs["inner"] = func() {
		for fd := 3; fd < 30; fd++ {
			var st syscall.Stat_t
			if syscall.Fstat(fd, &st) != nil {
				continue
			}
			if strings.HasPrefix(os.Args[1], fmt.Sprint(fd, ".")) {
				fmt.Println(fd, "the line")
				continue
			}
			// The offset is shared, and the file may be read again by its other names.
			syscall.Seek(fd, 0, io.SeekStart)
			data := make([]byte, 100)
			n, _ := syscall.Read(fd, data)
			fmt.Println(fd, string(data[:max(0, n)]))
		}
		check(mustOpen().Send('a', "hello", nil))
	}
}

// Descriptors that the parent was started with keep their numbers in the child, and the line has the
// first number behind them.
func TestInheritedDescriptors(t *testing.T) {
	a, b, c := tempFile(t, "a"), tempFile(t, "b"), tempFile(t, "c")
	for _, test := range []struct {
		files []*os.File
		want  string
	}{
		{nil, "3 the line\n"},
		{[]*os.File{a}, "3 a\n4 the line\n"},
		{[]*os.File{a, b, c}, "3 a\n4 b\n5 c\n6 the line\n"},
		{[]*os.File{nil, a, nil, nil, b}, "4 a\n7 b\n8 the line\n"},
		{[]*os.File{nil, nil, c, c}, "5 c\n6 c\n7 the line\n"},
	} {
		cmd := command(t, "outer")
		cmd.ExtraFiles = test.files
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if want := test.want + "inner says hello\n"; string(out) != want {
			t.Errorf("%q, want %q", out, want)
		}
	}
}

// A parent whose standard input does not block has descriptors of the runtime's before any code
// of ours is run. They are not the child's business.
func TestTheRuntimesDescriptorsAreNotInherited(t *testing.T) {
	cmd := command(t, "nonblocking")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if want := "3 the line\ninner says hello\n"; string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
}
