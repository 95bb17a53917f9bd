// Package link is the line between a parent and its child: a pair of sockets, or of pipes
// where a process cannot inherit a socket, that carries messages and, on Unix, open files.
//
// A message has a kind and a text, and arrives whole and in order. Send may be called by several
// goroutines, Receive by one. The end of one process ends the line for the other: that is
// how a child learns, at once, that its parent is gone. Only the process that was started with the
// line can open it: [Open] compares its identity, so that neither a program that the child
// starts nor one that a shell has left behind takes itself for the child.
//
// It knows nothing of what the messages mean.
package link

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// A Line is one end.
type Line struct {
	conn   conn
	mu     sync.Mutex // held while a message is written
	broken error      // a message was written in part: what comes behind it would be taken for its rest
}

// A conn is what carries the bytes.
type conn interface {
	// write writes all of data, or says how much it has written; a file goes with the first byte.
	write(data []byte, f *os.File, deadline time.Time) (n int, err error)
	// Read reads some bytes. The files that came with them wait for file.
	io.Reader
	file() *os.File
	Close() error
}

// longest is how long a text may be: what is longer is not ours.
const longest = 16 << 20

var errLong = errors.New("a message that is too long")

// patience is how long a message may take to be written, if the other process does not read: it
// may be stopped.
const patience = 2 * time.Second

// Send sends a message, with a file if f is not nil. f is still the caller's.
func (l *Line) Send(kind byte, text string, f *os.File) error {
	if len(text) > longest {
		return errLong
	}
	head := []byte{kind, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[1:], uint32(len(text)))
	if f != nil {
		head[5] = 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	n, err := l.conn.write(append(head, text...), f, time.Now().Add(patience))
	if err != nil && n > 0 {
		l.broken = err
	}
	return err
}

// Receive waits for a message. The file that came with it, if any, is the caller's.
func (l *Line) Receive() (kind byte, text string, f *os.File, err error) {
	head := make([]byte, 6)
	if _, err = io.ReadFull(l.conn, head); err != nil {
		return 0, "", nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > longest {
		return 0, "", nil, errLong
	}
	data := make([]byte, size)
	if _, err = io.ReadFull(l.conn, data); err != nil {
		return 0, "", nil, err
	}
	if head[5] == 1 {
		f = l.conn.file()
	}
	return head[0], string(data), f, nil
}

// Close closes this end.
func (l *Line) Close() error { return l.conn.Close() }
