package link

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Attach makes a line to a command that is about to be started. name is what the command
// passes to Open. started has to be called when the command was started, or could not be.
func Attach(cmd *exec.Cmd) (l *Line, name string, started func(), err error) {
	l, in, out, err := pipes()
	if err != nil {
		return nil, "", nil, err
	}
	handles := []syscall.Handle{syscall.Handle(in.Fd()), syscall.Handle(out.Fd())}
	for _, h := range handles {
		syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT)
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.AdditionalInheritedHandles = handles
	return l, fmt.Sprintf("%d.%d", handles[0], handles[1]), func() {
		in.Close()
		out.Close()
	}, nil
}

// Open opens the line that Attach has made, in the process that was started with it.
func Open(name string) (*Line, bool) {
	a, b, _ := strings.Cut(name, ".")
	var files [2]*os.File
	for i, number := range []string{a, b} {
		h, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			return nil, false
		}
		if kind, err := syscall.GetFileType(syscall.Handle(h)); err != nil || kind != syscall.FILE_TYPE_PIPE {
			return nil, false
		}
		syscall.SetHandleInformation(syscall.Handle(h), syscall.HANDLE_FLAG_INHERIT, 0)
		files[i] = os.NewFile(uintptr(h), "line")
	}
	return &Line{conn: pipeConn{files[0], files[1]}}, true
}
