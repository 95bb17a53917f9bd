package restarter

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A socket is one that the parent has opened and every child inherits.
type socket struct {
	network, address string
	ln               net.Listener // in the parent, until it launches
	file             *os.File     // of the parent, then of the child
	path             string       // the file of a Unix socket, which the parent removes
	asked            bool         // in the child: the program wants it
	gone             bool         // nobody wants it any more
}

func (s *socket) close() {
	if s.file != nil {
		s.file.Close()
	}
	if s.path != "" {
		os.Remove(s.path)
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
// own to serve, so let it close its listener first, serve them, and then leave. The queue
// is as long as the kernel has it (somaxconn), and clients see a slow start as latency.
func Listen(network, address string) (net.Listener, error) {
	sockets.Lock()
	defer sockets.Unlock()
	switch me.role {
	case parent:
		ln, err := net.Listen(network, address)
		if err == nil {
			sockets.all = append(sockets.all, &socket{network: network, address: address, ln: ln})
		}
		return ln, err
	case child:
		if len(sockets.all) > 0 {
			sockets.settled.Reset(askedWithin)
		}
		if s := wanted(network, address); s != nil {
			s.asked = true
			return net.FileListener(s.file)
		}
	}
	ln, err := net.Listen(network, address)
	for deadline := time.Now().Add(askedWithin); inUse(err) && dropPort(address); {
		// The parent still holds the port, under a name that this program does not use.
		if time.Now().After(deadline) {
			break
		}
		time.Sleep(heartbeat / 10)
		ln, err = net.Listen(network, address)
	}
	return ln, err
}

// wanted returns the inherited socket of this name, one that was not asked for before if
// there is one.
func wanted(network, address string) (s *socket) {
	for _, t := range sockets.all {
		if !t.gone && t.network == network && t.address == address && (s == nil || s.asked) {
			if s == nil || !t.asked {
				s = t
			}
		}
	}
	return s
}

// takeSockets makes files of the listeners that the parent has opened: it never accepts.
// What the program has closed again is left out.
func takeSockets() (taken []*socket) {
	sockets.Lock()
	defer sockets.Unlock()
	for _, s := range sockets.all {
		if f, ok := s.ln.(interface{ File() (*os.File, error) }); ok && inherits {
			if file, err := f.File(); err == nil {
				s.file = file
				taken = append(taken, s)
			}
		}
		if u, ok := s.ln.(interface{ SetUnlinkOnClose(bool) }); ok && s.file != nil {
			u.SetUnlinkOnClose(false)
			if path := s.ln.Addr().String(); !strings.HasPrefix(path, "@") {
				s.path, _ = filepath.Abs(path)
			}
		}
		s.ln.Close()
	}
	sockets.all = nil
	return taken
}

// writeSockets tells the next child what it inherits.
func writeSockets(dir string, list []*socket) error {
	os.Remove(filepath.Join(dir, "dropped"))
	if len(list) == 0 {
		return nil
	}
	var w wire
	w.int(format, int64(len(list)))
	for _, s := range list {
		w.string(s.network, s.address, s.path)
	}
	return writeWhole(filepath.Join(dir, "sockets"), w)
}

// inherit takes over the parent's sockets, before anything can inherit them in turn.
func inherit() {
	data, err := os.ReadFile(filepath.Join(me.dir, "sockets"))
	r := wireReader{data: data}
	if err != nil || !inherits || r.int() != format {
		return
	}
	for i, n := 0, int(r.int()); i < n; i++ {
		closeOnExec(firstSocket + i)
		s := &socket{network: r.string(), address: r.string(), path: r.string()}
		s.file = os.NewFile(uintptr(firstSocket+i), s.address)
		sockets.all = append(sockets.all, s)
	}
	sockets.settled = time.AfterFunc(firstAskedWithin, func() {
		sockets.Lock()
		defer sockets.Unlock()
		drop(func(*socket) bool { return true })
	})
}

// drop closes the sockets that nobody has asked for, here and in the parent.
func drop(which func(*socket) bool) (dropped bool) {
	var w wire
	w.int(format)
	for i, s := range sockets.all {
		if !s.asked && !s.gone && which(s) {
			s.file.Close()
			s.gone, dropped = true, true
		}
		if s.gone {
			w.int(int64(i))
		}
	}
	if dropped {
		writeWhole(filepath.Join(me.dir, "dropped"), w)
	}
	return dropped
}

// dropPort drops the sockets of the port that an address names, and reports whether there
// are any.
func dropPort(address string) (any bool) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	same := func(s *socket) bool {
		_, p, _ := net.SplitHostPort(s.address)
		return p == port
	}
	drop(same)
	for _, s := range sockets.all {
		any = any || s.gone && same(s)
	}
	return any
}

// dropSockets closes in the parent what the child has not asked for.
func (p *launch) dropSockets() {
	name := filepath.Join(p.dir, "dropped")
	data, err := os.ReadFile(name)
	r := wireReader{data: data}
	if err != nil || r.int() != format {
		return
	}
	for r.err == nil && len(r.data) > 0 {
		if i := int(r.int()); i >= 0 && i < len(p.sockets) && !p.sockets[i].gone {
			p.sockets[i].close()
			p.sockets[i].gone = true
		}
	}
}

// removeSocketFiles does in an orphan what the parent would have done.
func removeSocketFiles() {
	sockets.Lock()
	defer sockets.Unlock()
	for _, s := range sockets.all {
		if s.path != "" {
			os.Remove(s.path)
		}
	}
}
