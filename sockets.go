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
	made   os.FileInfo // the file of a Unix socket
	asked  bool        // the child has asked for it
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

// keep adds a socket and returns its number.
func (s *sockets) keep(n name, file *os.File) string {
	if n.hasFile() {
		if path, err := filepath.Abs(n.bound); err == nil {
			n.bound = path
		}
	}
	s.last++
	k := &socket{name: n, number: strconv.Itoa(s.last), file: file}
	k.made, _ = os.Lstat(n.bound)
	s.all = append(s.all, k)
	return k.number
}

// find returns the socket that a child asks for, if it is not in use.
func (s *sockets) find(network, address string, inUse []string) *socket {
	for _, k := range s.all {
		if k.network == network && k.address == address && !slices.Contains(inUse, k.number) && k.reachable(k.made) {
			k.asked = true
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

// nextChild closes what the last child has not asked for, if it could have.
func (s *sockets) nextChild(could bool) {
	if could {
		s.closeIf(func(k *socket) bool { return !k.asked })
	}
	for _, k := range s.all {
		k.asked = false
	}
}

// anyAsked reports whether the child has asked for a socket.
func (s *sockets) anyAsked() bool {
	return slices.ContainsFunc(s.all, func(k *socket) bool { return k.asked })
}

// answer replies to a request of a child about sockets.
func (s *sockets) answer(line *link.Line, kind byte, fields []string, file *os.File) {
	switch {
	case kind == listenAt && len(fields) >= 2:
		if k := s.find(fields[0], fields[1], fields[2:]); k != nil {
			line.Send(answer, k.number+"\x00"+k.bound, k.file)
			return
		}
	case kind == makeWay && len(fields) >= 2:
		line.Send(answer, s.makeWay(fields[0], fields[1], fields[2:]), nil)
		return
	case kind == keepSocket && len(fields) == 3 && file != nil:
		number := s.keep(name{fields[0], fields[1], fields[2]}, file)
		s.all[len(s.all)-1].asked = true
		line.Send(answer, number, nil)
		return
	}
	line.Send(answer, "", nil)
}
