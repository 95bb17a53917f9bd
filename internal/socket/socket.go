// Package socket keeps the listening sockets that outlive a process of the program: by the network
// and address that they were asked for, for whoever asks for the same again.
//
// It promises that one that is in use is not given away twice, and that the file of a Unix socket
// is removed with it, unless it has become another file. It never accepts a connection.
//
// It knows nothing of how a socket comes to another process, nor of what a child is: it only tells
// one child from another.
package socket

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Name says what a socket is.
type Name struct {
	Network, Address string // as the program asks for it, but for a path: that is absolute
	Bound            string // where it is: host and port, or the full path of a Unix socket
}

// Absolute returns the name of what a program asks for. A relative path starts at the current directory.
func Absolute(network, address string) Name {
	return Name{Network: network, Address: absolute(network, address)}
}

// BoundTo returns the name of a socket that is bound to an address.
func (n Name) BoundTo(address net.Addr) Name {
	n.Bound = absolute(n.Network, address.String())
	return n
}

func absolute(network, address string) string {
	if path, err := filepath.Abs(address); err == nil && hasFile(network, address) {
		return path
	}
	return address
}

func hasFile(network, address string) bool {
	return strings.HasPrefix(network, "unix") && address != "" && !strings.HasPrefix(address, "@")
}

// HasFile tells a Unix socket from an abstract one, which has a name only, and from others.
func (n *Name) HasFile() bool { return hasFile(n.Network, n.Bound) }

// reachable reports whether the file of a Unix socket is still the one that was made. Many
// programs remove it before they listen; then no client could reach the socket.
func (n *Name) reachable(made os.FileInfo) bool {
	if !n.HasFile() {
		return true
	}
	info, err := os.Lstat(n.Bound)
	return err == nil && made != nil && os.SameFile(info, made)
}

// RemoveFile removes the file of a Unix socket, if it is still the one that was made.
func (n *Name) RemoveFile(made os.FileInfo) {
	if n.HasFile() && n.reachable(made) {
		os.Remove(n.Bound)
	}
}

// inTheWayOf reports whether a socket has the port or the file of another address.
func (n *Name) inTheWayOf(network, address string) bool {
	if strings.HasPrefix(network, "unix") || strings.HasPrefix(n.Network, "unix") {
		path, err := filepath.Abs(address)
		return err == nil && path == n.Bound
	}
	_, wanted, _ := net.SplitHostPort(address)
	_, held, _ := net.SplitHostPort(n.Bound)
	port, err := net.LookupPort(network, wanted)
	return err == nil && strconv.Itoa(port) == held
}

// Held are the sockets that are kept. They belong to one goroutine.
type Held struct {
	all      []*Socket
	last     int  // the number of the last
	released bool // by Release
}

// A Socket is one that is kept.
type Socket struct {
	Name
	Number string
	File   *os.File
	made   os.FileInfo   // the file of a Unix socket
	opened any           // by this child, nil if by the parent
	asked  map[any]bool  // which children have asked for it
	after  time.Duration // how old the last one was that did
}

// Forever is how long a child had to ask that never will.
const Forever time.Duration = 1<<63 - 1

// Keep adds a socket. If child is not nil, the socket counts as asked for by it, at that age.
func (h *Held) Keep(n Name, file *os.File, child any, age time.Duration) *Socket {
	h.last++
	k := &Socket{Name: n, Number: strconv.Itoa(h.last), File: file, opened: child, asked: make(map[any]bool)}
	if child != nil {
		k.askedBy(child, age)
	}
	k.made, _ = os.Lstat(n.Bound)
	h.all = append(h.all, k)
	if h.released {
		h.Release()
	}
	return k
}

// askedBy notes that a child asks. What it asks for again, much later perhaps, says nothing about its start.
func (k *Socket) askedBy(child any, age time.Duration) {
	if !k.asked[child] {
		k.asked[child], k.after = true, age
	}
}

// Find returns the socket that a child of that age asks for, nil if there is none. The child uses those of the
// numbers inUse.
func (h *Held) Find(child any, age time.Duration, network, address string, inUse []string) *Socket {
	for _, k := range h.all {
		if k.Network == network && k.Address == address && !h.released && !slices.Contains(inUse, k.Number) && k.reachable(k.made) {
			k.askedBy(child, age)
			return k
		}
	}
	return nil
}

// MakeWay closes what has the port or the file of an address, and is not in use. It returns how many
// sockets that were.
func (h *Held) MakeWay(network, address string, inUse []string) int {
	before := len(h.all)
	h.closeIf(func(k *Socket) bool {
		return !slices.Contains(inUse, k.Number) && k.inTheWayOf(network, address)
	})
	return before - len(h.all)
}

// InTheWay reports whether a socket that a child has asked for has the port or the file of an address
// that another asks for.
func (h *Held) InTheWay(child any, network, address string, inUse []string) bool {
	return slices.ContainsFunc(h.all, func(k *Socket) bool {
		return k.asked[child] && !slices.Contains(inUse, k.Number) && k.inTheWayOf(network, address)
	})
}

// Any reports whether any socket is kept.
func (h *Held) Any() bool { return len(h.all) > 0 }

// Asked reports whether a child has asked for a socket.
func (h *Held) Asked(child any) bool {
	return slices.ContainsFunc(h.all, func(k *Socket) bool { return k.asked[child] })
}

// NotAsked returns the name of a socket that a child has not asked for, though it has asked for others; or "".
func (h *Held) NotAsked(child any) string {
	for _, k := range h.all {
		if !k.asked[child] && h.Asked(child) {
			return k.Network + " " + k.Bound
		}
	}
	return ""
}

// Forget forgets what a child has asked for. What nobody has asked for is closed before, if the child had twice the
// time that the last one took to ask for it.
func (h *Held) Forget(child any, had time.Duration) {
	h.closeIf(func(k *Socket) bool { return len(k.asked) == 0 && had > 2*k.after })
	for _, k := range h.all {
		delete(k.asked, child)
	}
}

// Refuse forgets a child that has failed before it was of use, and closes what it has opened, unless others use that.
func (h *Held) Refuse(child any) {
	h.closeIf(func(k *Socket) bool { return k.opened == child && len(k.asked) == 1 && k.asked[child] })
	h.Forget(child, 0)
}

// Release closes all sockets here, and all that are kept later. Other processes may still have them open:
// clients are refused when the last of these closes them. Close removes the files of Unix sockets.
func (h *Held) Release() {
	h.released = true
	for _, k := range h.all {
		k.File.Close()
	}
}

// Close closes all.
func (h *Held) Close() { h.closeIf(func(*Socket) bool { return true }) }

// closeIf closes sockets, and removes their files before: the number of a file may be given to
// another file afterwards.
func (h *Held) closeIf(which func(*Socket) bool) {
	h.all = slices.DeleteFunc(h.all, func(k *Socket) bool {
		if !which(k) {
			return false
		}
		k.RemoveFile(k.made)
		k.File.Close()
		return true
	})
}
