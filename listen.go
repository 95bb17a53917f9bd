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

	"github.com/lib537/restarter/internal/link"
	"github.com/lib537/restarter/internal/system"
)

// Listen is [net.Listen] with a socket that outlives a restart: the parent holds it, and
// every child takes it over, so that connections which clients make while one child leaves
// and the next one starts wait in the queue of the kernel, and none is refused. Port 0 stays
// the port that it was at first; the file of a Unix socket stays until the parent ends.
//
// Call it where you would call net.Listen. In the child the first call opens the socket and hands it
// to the parent; in every later child the call of the same network and address takes it over. What a
// child does not ask for in its life is closed when it has ended, unless it failed. Called before
// [IsParent], in both processes, it opens the socket in the parent, and so fails before any child is
// started; the listener is of no use there. Under RESTARTER=off, and where a process cannot pass
// on sockets (Windows, Plan 9), it is net.Listen. Listen is safe for concurrent use.
//
// What waits is a connection, not a request. Those that the old child has accepted are its
// own to serve, so let it close its listener first, serve them, and then leave. Closing the
// listener does not close the socket: clients wait, until the next child or the end of the
// parent. The queue is as long as the kernel has it (somaxconn), and clients see a slow start
// as latency.
func Listen(network, address string) (net.Listener, error) {
	listeners.Lock()
	defer listeners.Unlock()
	switch {
	case IsParent():
		ln, err := net.Listen(network, address)
		if err == nil {
			// A program that never launches shall not collect those that it has closed.
			listeners.all = slices.DeleteFunc(listeners.all, func(l *listener) bool { return !isOpen(l.ln) })
			listeners.all = append(listeners.all, &listener{name: name{network, address, ""}, ln: ln})
		}
		return ln, err
	case upward.Line == nil:
	case link.CarriesFiles:
		ln, err := listenInChild(network, address)
		if err == nil && upward.overlap {
			ln = reporting(ln)
		}
		return ln, err
	default:
		upward.Send(listensAlone, "", nil)
	}
	return net.Listen(network, address)
}

// What Listen has returned in this process.
var listeners struct {
	sync.Mutex
	all []*listener
}

type listener struct {
	name
	number string // child: the parent's, of its socket
	ln     net.Listener
	made   os.FileInfo // the file of a Unix socket
}

// A name says what a socket is.
type name struct {
	network, address string // as the program asks for it
	bound            string // where it is: host and port, or the full path of a Unix socket
}

// listenInChild takes a socket over from the parent, or opens it and hands it to the parent.
func listenInChild(network, address string) (net.Listener, error) {
	wanted := append([]string{network, address}, inUse()...)
	if r, ok := ask(listenAt, nil, wanted...); ok && r.file != nil {
		ln, err := net.FileListener(r.file)
		r.file.Close()
		if err != nil {
			return nil, err
		}
		number, bound, _ := strings.Cut(r.text, "\x00")
		remember(name{network, address, bound}, number, ln)
		return ln, nil
	}
	ln, err := net.Listen(network, address)
	if system.AddressInUse(err) {
		if r, ok := ask(makeWay, nil, wanted...); ok && r.text != "" {
			ln, err = net.Listen(network, address)
		}
	}
	if err != nil {
		return nil, err
	}
	f, ok := ln.(interface{ File() (*os.File, error) })
	if !ok {
		return ln, nil
	}
	file, err := f.File()
	if err != nil {
		return ln, nil // it serves, though not beyond this child
	}
	defer file.Close()
	n := name{network, address, ln.Addr().String()}
	if path, err := filepath.Abs(n.bound); err == nil && n.hasFile() {
		n.bound = path
	}
	if r, ok := ask(keepSocket, file, n.network, n.address, n.bound); ok && r.text != "" {
		if u, ok := ln.(interface{ SetUnlinkOnClose(bool) }); ok {
			u.SetUnlinkOnClose(false) // from now on the parent does that
		}
		remember(n, r.text, ln)
	}
	return ln, nil
}

// inUse returns the numbers of the sockets whose listeners are open. One that is in use is not given
// away twice: net.Listen would not do that either.
func inUse() (numbers []string) {
	for _, l := range listeners.all {
		if isOpen(l.ln) {
			numbers = append(numbers, l.number)
		}
	}
	return numbers
}

func remember(n name, number string, ln net.Listener) {
	listeners.all = slices.DeleteFunc(listeners.all, func(l *listener) bool { return l.number == number })
	l := &listener{name: n, number: number, ln: ln}
	if n.hasFile() {
		l.made, _ = os.Lstat(n.bound)
	}
	listeners.all = append(listeners.all, l)
}

// removeSocketFiles does in an orphan what the parent would have done.
func removeSocketFiles() {
	listeners.Lock()
	defer listeners.Unlock()
	for _, l := range listeners.all {
		l.removeFile(l.made)
	}
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

// hasFile tells a Unix socket from an abstract one, which has a name only, and from others.
func (n name) hasFile() bool {
	return strings.HasPrefix(n.network, "unix") && n.bound != "" && !strings.HasPrefix(n.bound, "@")
}

// reachable reports whether the file of a Unix socket is still the one that was made. Many a
// program removes it before it listens, and clients would wait at a socket without a name.
func (n name) reachable(made os.FileInfo) bool {
	if !n.hasFile() {
		return true
	}
	info, err := os.Lstat(n.bound)
	return err == nil && made != nil && os.SameFile(info, made)
}

func (n name) removeFile(made os.FileInfo) {
	if n.hasFile() && n.reachable(made) {
		os.Remove(n.bound)
	}
}

// inTheWayOf reports whether a socket has the port or the file of another address.
func (n name) inTheWayOf(network, address string) bool {
	if strings.HasPrefix(network, "unix") || strings.HasPrefix(n.network, "unix") {
		path, err := filepath.Abs(address)
		return err == nil && path == n.bound
	}
	_, wanted, _ := net.SplitHostPort(address)
	_, held, _ := net.SplitHostPort(n.bound)
	port, err := net.LookupPort(network, wanted)
	return err == nil && strconv.Itoa(port) == held
}
