package restarter

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/lib537/restarter/internal/link"
)

// sockets are what the parent holds for its children. It never accepts. They belong to the
// goroutine of LaunchChild.
type sockets struct {
	all  []*socket
	last int // the number of the last
}

type socket struct {
	name
	number string
	file   *os.File
	made   os.FileInfo       // the file of a Unix socket
	asked  map[*process]bool // which children have asked for it
}

// takeSockets makes files of the listeners that the program has opened in the parent. What
// it has closed again is left out.
func takeSockets() (s sockets) {
	listeners.Lock()
	defer listeners.Unlock()
	for _, l := range listeners.all {
		if f, ok := l.ln.(interface{ File() (*os.File, error) }); ok && link.CarriesFiles {
			if file, err := f.File(); err == nil {
				l.bound = l.ln.Addr().String()
				if u, ok := l.ln.(interface{ SetUnlinkOnClose(bool) }); ok {
					u.SetUnlinkOnClose(false)
				}
				s.keep(l.name, file)
			}
		}
		l.ln.Close()
	}
	listeners.all = nil
	return s
}

// keep adds a socket.
func (s *sockets) keep(n name, file *os.File) *socket {
	if n.hasFile() {
		if path, err := filepath.Abs(n.bound); err == nil {
			n.bound = path
		}
	}
	s.last++
	k := &socket{name: n, number: strconv.Itoa(s.last), file: file, asked: make(map[*process]bool)}
	k.made, _ = os.Lstat(n.bound)
	s.all = append(s.all, k)
	return k
}

// find returns the socket that a child asks for, if it is not in use.
func (s *sockets) find(network, address string, inUse []string) *socket {
	for _, k := range s.all {
		if k.network == network && k.address == address && !slices.Contains(inUse, k.number) && k.reachable(k.made) {
			return k
		}
	}
	return nil
}

// makeWay closes what has the port or the file of an address that is asked for, and is not in
// use. It returns how many sockets that were, "" for none.
func (s *sockets) makeWay(network, address string, inUse []string) string {
	before := len(s.all)
	s.closeIf(func(k *socket) bool {
		return !slices.Contains(inUse, k.number) && k.inTheWayOf(network, address)
	})
	if len(s.all) == before {
		return ""
	}
	return strconv.Itoa(before - len(s.all))
}

// closeIf closes sockets, and removes their files before: the number of a file may be given to
// another file afterwards.
func (s *sockets) closeIf(which func(*socket) bool) {
	s.all = slices.DeleteFunc(s.all, func(k *socket) bool {
		if !which(k) {
			return false
		}
		k.removeFile(k.made)
		k.file.Close()
		return true
	})
}

// ended closes what a child that has ended has not asked for, if it could have, unless another has.
func (s *sockets) ended(c *process, could bool) {
	if could {
		s.closeIf(func(k *socket) bool { return len(k.asked) == 0 })
	}
	s.forget(c)
}

// forget forgets what a child has asked for.
func (s *sockets) forget(c *process) {
	for _, k := range s.all {
		delete(k.asked, c)
	}
}

// asked reports whether a child has asked for a socket.
func (s *sockets) asked(c *process) bool {
	return slices.ContainsFunc(s.all, func(k *socket) bool { return k.asked[c] })
}

// inTheWay reports whether a socket that c has asked for has the port or the file of an address that
// another child asks for, in the fields of makeWay.
func (s *sockets) inTheWay(c *process, fields []string) bool {
	return len(fields) >= 2 && slices.ContainsFunc(s.all, func(k *socket) bool {
		return k.asked[c] && !slices.Contains(fields[2:], k.number) && k.inTheWayOf(fields[0], fields[1])
	})
}

// answer replies to a request of a child about sockets.
func (s *sockets) answer(c *process, r request) {
	switch fields := r.fields; {
	case r.kind == listenAt && len(fields) >= 2:
		if k := s.find(fields[0], fields[1], fields[2:]); k != nil {
			k.asked[c] = true
			c.line.Send(answer, k.number+"\x00"+k.bound, k.file)
			return
		}
	case r.kind == makeWay && len(fields) >= 2:
		c.line.Send(answer, s.makeWay(fields[0], fields[1], fields[2:]), nil)
		return
	case r.kind == keepSocket && len(fields) == 3 && r.file != nil:
		k := s.keep(name{fields[0], fields[1], fields[2]}, r.file)
		k.asked[c] = true
		c.line.Send(answer, k.number, nil)
		return
	}
	c.line.Send(answer, "", nil)
}
