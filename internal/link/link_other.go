//go:build !unix && !windows

package link

import (
	"os"
	"os/exec"
)

// theirs is the name of every line: the two descriptors after standard error.
const theirs = "3.4"

// Attach makes a line to a command that is about to be started. name is what the command
// passes to Open. started has to be called when the command was started, or could not be.
func Attach(cmd *exec.Cmd) (l *Line, name string, started func(), err error) {
	l, in, out, err := pipes()
	if err != nil {
		return nil, "", nil, err
	}
	cmd.ExtraFiles = []*os.File{in, out}
	return l, theirs, func() {
		in.Close()
		out.Close()
	}, nil
}

// Open opens the line that Attach has made, in the process that was started with it.
func Open(name string) (*Line, bool) {
	if name != theirs {
		return nil, false
	}
	return &Line{conn: pipeConn{os.NewFile(3, "line"), os.NewFile(4, "line")}}, true
}
