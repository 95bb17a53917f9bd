package restarter

import (
	"context"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/lib537/restarter/internal/link"
	"github.com/lib537/restarter/internal/socket"
	"github.com/lib537/restarter/internal/system"
)

// Listen is [net.Listen] with a socket that outlives a restart. The parent holds the socket, and each
// child takes it over. If clients connect after one child has gone and before the next one listens,
// they wait in the queue of the kernel, and none is refused. Port 0 keeps the port that it was given
// first; the file of a Unix socket stays until the parent ends.
//
// Call it where you would call net.Listen. In the child the first call opens the socket and hands it
// to the parent; in each later child the call of the same network and address takes it over. If you call
// Listen before [IsParent], the parent opens the socket, so an address in use is reported before a child
// is launched. Do not use the listener in the parent.
//
// When a child exits, the parent closes each socket that this child never called Listen for, if the child
// has run for twice the time after which an earlier one made that call. Before, it may still have been
// starting. A child that has never called Listen counts only after ten seconds. After a failure the
// parent keeps all.
//
// Under RESTARTER=off, and where a process cannot pass on sockets (Windows, Plan 9), Listen is
// net.Listen. Its errors are those of net.Listen. It is safe for concurrent use.
//
// What waits is a connection, not a request. The old child has to serve the connections that it has
// accepted: let it close its listener, serve them, and then exit. Closing the listener does not close
// the socket: new clients wait for the next child, or until the parent ends. The kernel limits the
// length of the queue (on Linux net.core.somaxconn, 4096 by default), and clients see a slow start as
// latency.
func Listen(network, address string) (net.Listener, error) {
	listeners.Lock()
	defer listeners.Unlock()
	name := socket.Absolute(network, address)
	switch {
	case IsParent():
		ln, err := listen(network, address)
		if err == nil {
			// Drop closed ones: a program that never launches a child would collect them.
			listeners.all = slices.DeleteFunc(listeners.all, func(l *listener) bool { return !isOpen(l.ln) })
			listeners.all = append(listeners.all, &listener{name: name, ln: ln})
		}
		return ln, err
	case upward.Line == nil:
	case link.CarriesFiles:
		ln, err := listenInChild(name, address)
		if err == nil && upward.overlap {
			ln = socket.Reporting(ln, func() { upward.Send(accepts, "", nil) })
		}
		return ln, err
	default:
		upward.Send(listensAlone, "", nil)
	}
	return listen(network, address)
}

// listen is net.Listen, by another way: the name net.Listen in an executable says that the program calls it, too.
func listen(network, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(context.Background(), network, address)
}

// What Listen has returned in this process.
var listeners struct {
	sync.Mutex
	all []*listener
}

type listener struct {
	name   socket.Name
	number string // child: the parent's, of its socket
	ln     net.Listener
	made   os.FileInfo // the file of a Unix socket
}

// listenInChild takes a socket over from the parent, or opens it and hands it to the parent.
func listenInChild(n socket.Name, address string) (net.Listener, error) {
	wanted := append([]string{n.Network, n.Address}, inUse()...)
	if r, ok := ask(listenAt, nil, wanted...); ok && r.file != nil {
		ln, err := net.FileListener(r.file)
		r.file.Close()
		if err != nil {
			return nil, err
		}
		var number string
		number, n.Bound, _ = strings.Cut(r.text, "\x00")
		remember(n, number, ln)
		return ln, nil
	}
	ln, err := listen(n.Network, address)
	if system.AddressInUse(err) {
		if r, ok := ask(makeWay, nil, wanted...); ok && r.text != "" {
			ln, err = listen(n.Network, address)
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
		return ln, nil // it works, but ends with this child
	}
	defer file.Close()
	n = n.BoundTo(ln.Addr())
	if r, ok := ask(keepSocket, file, n.Network, n.Address, n.Bound); ok && r.text != "" {
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

func remember(n socket.Name, number string, ln net.Listener) {
	listeners.all = slices.DeleteFunc(listeners.all, func(l *listener) bool { return l.number == number })
	l := &listener{name: n, number: number, ln: ln}
	if n.HasFile() {
		l.made, _ = os.Lstat(n.Bound)
	}
	listeners.all = append(listeners.all, l)
}

// removeSocketFiles does in an orphan what the parent would have done.
func removeSocketFiles() {
	listeners.Lock()
	defer listeners.Unlock()
	for _, l := range listeners.all {
		l.name.RemoveFile(l.made)
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

// takeSockets makes files of the listeners that the program has opened in the parent. What
// it has closed again is left out.
func takeSockets() (held socket.Held) {
	listeners.Lock()
	defer listeners.Unlock()
	for _, l := range listeners.all {
		if f, ok := l.ln.(interface{ File() (*os.File, error) }); ok && link.CarriesFiles {
			if file, err := f.File(); err == nil {
				if u, ok := l.ln.(interface{ SetUnlinkOnClose(bool) }); ok {
					u.SetUnlinkOnClose(false)
				}
				held.Keep(l.name.BoundTo(l.ln.Addr()), file, nil, 0)
			}
		}
		l.ln.Close()
	}
	listeners.all = nil
	return held
}

// answerAboutSockets replies to a request of a child.
func (p *launch) answerAboutSockets(c *process, r request) {
	text, file, age := "", (*os.File)(nil), time.Since(c.started)
	switch fields := r.fields; {
	case r.kind == listenAt && len(fields) >= 2:
		if k := p.sockets.Find(c, age, fields[0], fields[1], fields[2:]); k != nil {
			text, file = k.Number+"\x00"+k.Bound, k.File
		}
	case r.kind == makeWay && len(fields) >= 2:
		if n := p.sockets.MakeWay(fields[0], fields[1], fields[2:]); n > 0 {
			text = strconv.Itoa(n)
		}
	case r.kind == keepSocket && len(fields) == 3 && r.file != nil:
		text = p.sockets.Keep(socket.Name{Network: fields[0], Address: fields[1], Bound: fields[2]}, r.file, c, age).Number
	}
	c.line.Send(answer, text, file)
}
