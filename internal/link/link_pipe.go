//go:build !unix

package link

import (
	"os"
	"time"
)

// CarriesFiles says whether messages can carry open files.
const CarriesFiles = false

// FindInherited does nothing: no descriptor keeps its number here.
func FindInherited() {}

// A pipeConn is two pipes, one for each direction.
type pipeConn struct{ in, out *os.File }

// write knows no deadline: a pipe takes what the other process has not read yet.
func (c pipeConn) write(data []byte, _ *os.File, _ time.Time) (int, error) { return c.out.Write(data) }

func (c pipeConn) Read(data []byte) (int, error) { return c.in.Read(data) }

func (c pipeConn) file() *os.File { return nil }

func (c pipeConn) Close() error {
	c.in.Close()
	return c.out.Close()
}

// pipes returns a line of two pipes and what the other process needs of them.
func pipes() (l *Line, in, out *os.File, err error) {
	in, mine, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	theirs, out, err := os.Pipe()
	if err != nil {
		in.Close()
		mine.Close()
		return nil, nil, nil, err
	}
	return &Line{conn: pipeConn{theirs, mine}}, in, out, nil
}
