package restarter

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A socket is one that the parent has opened and every child inherits.
type socket struct {
	name
	file *os.File     // the descriptor, once the parent launches
	ln   net.Listener // in the parent before that; in the child the last that Listen returned
	made os.FileInfo  // the file of a Unix socket
	gone bool         // nobody wants it any more
}

// A name says what a socket is.
type name struct {
	Network, Address string // as the program asks for it
	Bound            string // where it is: host and port, or the full path of a Unix socket
}

// What parent and child tell each other: the names of the descriptors from firstSocket on, and
// the numbers of those that the child does not want.
type (
	inherited struct{ Names []name }
	unwanted  struct{ Numbers []int }
)

// reachable reports whether the file of a Unix socket is still its own. Many a program
// removes it before it listens, and clients would wait at a socket without a name.
func (s *socket) reachable() bool {
	if !s.hasFile() {
		return true
	}
	info, err := os.Lstat(s.Bound)
	return err == nil && s.made != nil && os.SameFile(info, s.made)
}

// hasFile tells a Unix socket from an abstract one, which has a name only, and from others.
func (s *socket) hasFile() bool {
	return strings.HasPrefix(s.Network, "unix") && !strings.HasPrefix(s.Bound, "@")
}

// close closes the socket, and removes its file before: the number of that may be given to
// another file afterwards.
func (s *socket) close() {
	if !s.gone {
		s.removeFile()
		s.file.Close()
	}
	s.gone = true
}

func (s *socket) removeFile() {
	if s.hasFile() && s.reachable() {
		os.Remove(s.Bound)
	}
}

var sockets struct {
	sync.Mutex
	all     []*socket
	settled *time.Timer // in the child: when it has asked for all that it wants
}

const (
	firstSocket = 3 // the descriptor after standard error

	// A program that has asked for one socket asks for the others within this time, and for
	// the first within the longer one: what it has not asked for then is closed.
	askedWithin      = time.Second
	firstAskedWithin = 30 * time.Second

	// The parent closes what is in the way of another address at its next heartbeat. If it
	// has not by then, somebody else has that address.
	closedWithin = 5 * time.Second
)

// Listen is [net.Listen] with a socket that outlives a restart: the parent opens it, and
// every child takes it over, so that connections which clients make while one child leaves
// and the next one starts wait in the queue of the kernel, and none is refused. Port 0 stays
// the port that it was at first; the file of a Unix socket stays until the parent ends.
//
// Call it before the program asks [IsParent], so that both processes do, in any order. In
// the parent it opens the socket, or fails, before any child is started; the listener is of no
// use there. In the child it takes over the parent's socket of the same network and
// address. If there is none, because the address is new in this program, under
// RESTARTER=off, or where a process cannot inherit sockets (Windows, Plan 9), it is net.Listen. A
// socket that the new program does not ask for, within a second of asking for another, is
// closed. Listen is safe for concurrent use.
//
// What waits is a connection, not a request. Those that the old child has accepted are its
// own to serve, so let it close its listener first, serve them, and then leave. Closing the
// listener does not close the socket: clients wait, until the next child or the end of the
// parent. The queue is as long as the kernel has it (somaxconn), and clients see a slow start
// as latency.
func Listen(network, address string) (net.Listener, error) {
	sockets.Lock()
	defer sockets.Unlock()
	switch {
	case me.role == parent:
		ln, err := net.Listen(network, address)
		if err == nil {
			// A program that never launches shall not collect those that it has closed.
			sockets.all = slices.DeleteFunc(sockets.all, func(s *socket) bool { return !isOpen(s.ln) })
			sockets.all = append(sockets.all, &socket{name: name{Network: network, Address: address}, ln: ln})
		}
		return ln, err
	case len(sockets.all) > 0:
		return listenInChild(network, address)
	}
	return net.Listen(network, address)
}

func listenInChild(network, address string) (ln net.Listener, err error) {
	sockets.settled.Reset(askedWithin)
	for _, s := range sockets.all {
		// One that is in use is not given away twice: net.Listen would not do that either.
		if !s.gone && s.Network == network && s.Address == address && !isOpen(s.ln) && s.reachable() {
			s.ln, err = net.FileListener(s.file)
			return s.ln, err
		}
	}
	inTheWay := func(s *socket) bool { return s.inTheWayOf(network, address) }
	ln, err = net.Listen(network, address)
	if inUse(err) && slices.ContainsFunc(sockets.all, inTheWay) {
		drop(inTheWay)
		for limit := time.Now().Add(closedWithin); inUse(err) && time.Now().Before(limit); {
			time.Sleep(heartbeat / 10)
			ln, err = net.Listen(network, address)
		}
	}
	return ln, err
}

// isOpen reports whether a listener is there and was not closed.
func isOpen(ln net.Listener) bool {
	c, ok := ln.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	return err == nil && raw.Control(func(uintptr) {}) == nil
}

// inTheWayOf reports whether the parent holds, under a name that this program does not use
// now, the port or the file of another address.
func (s *socket) inTheWayOf(network, address string) bool {
	if isOpen(s.ln) {
		return false
	}
	if strings.HasPrefix(network, "unix") || strings.HasPrefix(s.Network, "unix") {
		path, err := filepath.Abs(address)
		return err == nil && path == s.Bound
	}
	_, name, _ := net.SplitHostPort(address)
	_, held, _ := net.SplitHostPort(s.Bound)
	port, err := net.LookupPort(network, name)
	return err == nil && strconv.Itoa(port) == held
}

// takeSockets makes files of the listeners that the parent has opened: it never accepts.
// What the program has closed again is left out.
func takeSockets() (taken []*socket) {
	sockets.Lock()
	defer sockets.Unlock()
	for _, s := range sockets.all {
		if f, ok := s.ln.(interface{ File() (*os.File, error) }); ok && inherits {
			if file, err := f.File(); err == nil {
				s.file, s.Bound = file, s.ln.Addr().String()
				taken = append(taken, s)
			}
		}
		if u, ok := s.ln.(interface{ SetUnlinkOnClose(bool) }); ok && s.file != nil {
			u.SetUnlinkOnClose(false)
			s.findFile()
		}
		s.ln.Close()
	}
	sockets.all = nil
	return taken
}

// findFile notes the file of a Unix socket.
func (s *socket) findFile() {
	if path, err := filepath.Abs(s.Bound); err == nil && s.hasFile() {
		s.Bound = path
		s.made, _ = os.Lstat(path)
	}
}

// writeSockets tells the next child what it inherits, if only that it is nothing any more.
func (p *launch) writeSockets() error {
	os.Remove(filepath.Join(p.dir, "dropped"))
	p.sockets = slices.DeleteFunc(p.sockets, func(s *socket) bool {
		if !s.reachable() {
			s.close()
		}
		return s.gone
	})
	var tell inherited
	for _, s := range p.sockets {
		tell.Names = append(tell.Names, s.name)
	}
	var told inherited
	if err := readFile(p.dir, "sockets", &told); err == nil && slices.Equal(told.Names, tell.Names) {
		return nil // the disk may be full by now
	}
	return writeFile(p.dir, "sockets", tell)
}

// inherit takes over the parent's sockets, before anything can inherit them in turn.
func inherit() {
	var told inherited
	if !inherits || readFile(me.dir, "sockets", &told) != nil {
		return
	}
	for i, name := range told.Names {
		s := &socket{name: name, gone: true}
		if fd := firstSocket + i; closeOnExec(fd) {
			s.file, s.gone = os.NewFile(uintptr(fd), s.Address), false
		}
		s.findFile()
		sockets.all = append(sockets.all, s)
	}
	if len(sockets.all) > 0 {
		sockets.settled = time.AfterFunc(firstAskedWithin, func() {
			sockets.Lock()
			defer sockets.Unlock()
			drop(func(s *socket) bool { return s.ln == nil })
		})
	}
}

// drop closes sockets that nobody wants any more, here and in the parent.
func drop(which func(*socket) bool) {
	var tell unwanted
	for i, s := range sockets.all {
		if !s.gone && which(s) {
			s.file.Close()
			s.gone = true
		}
		if s.gone {
			tell.Numbers = append(tell.Numbers, i)
		}
	}
	if len(tell.Numbers) > 0 {
		writeFile(me.dir, "dropped", tell)
	}
}

// dropSockets closes in the parent what the child has dropped.
func (p *launch) dropSockets() {
	var told unwanted
	if readFile(p.dir, "dropped", &told) != nil {
		return
	}
	for _, i := range told.Numbers {
		if i < len(p.sockets) {
			p.sockets[i].close()
		}
	}
}

func (p *launch) closeSockets() {
	for _, s := range p.sockets {
		s.close()
	}
}

// removeSocketFiles does in an orphan what the parent would have done.
func removeSocketFiles() {
	sockets.Lock()
	defer sockets.Unlock()
	for _, s := range sockets.all {
		if !s.gone {
			s.removeFile()
		}
	}
}
