//go:build unix

package link

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// CarriesFiles says whether messages can carry open files.
const CarriesFiles = true

// inherited are the descriptors after standard error that this process was started with:
// a shell's 3<file, or the sockets of systemd. They keep their numbers in the child.
var inherited []int

// gap is how many numbers in a row nothing has, behind the last.
const gap = 20

// FindInherited looks for the descriptors that this process was started with. It has to be called
// before the process opens any of its own; those of the runtime do not count.
func FindInherited() {
	var st syscall.Stat_t
	for fd, last := 3, 3+gap; fd < last; fd++ {
		if syscall.Fstat(fd, &st) == nil && !system.ClosesOnExec(fd) {
			inherited, last = append(inherited, fd), fd+gap
		}
	}
}

// Attach makes a line to a command that is about to be started. name is what the command
// passes to Open. started has to be called when the command was started, or could not be.
func Attach(cmd *exec.Cmd) (l *Line, name string, started func(), err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, "", nil, os.NewSyscallError("socketpair", err)
	}
	there := os.NewFile(uintptr(fds[1]), "line")
	c, err := newConn(fds[0])
	if err != nil {
		there.Close()
		return nil, "", nil, err
	}
	// The first number that nothing else has.
	var files []*os.File
	for _, fd := range inherited {
		for len(files) < fd-3 {
			files = append(files, nil)
		}
		if same, err := syscall.Dup(fd); err == nil {
			syscall.CloseOnExec(same)
			files = append(files, os.NewFile(uintptr(same), "inherited"))
		}
	}
	cmd.ExtraFiles = append(files, there)
	name = fmt.Sprintf("%d.%d", 2+len(cmd.ExtraFiles), identity(fds[1]))
	return &Line{conn: c}, name, func() {
		for _, f := range cmd.ExtraFiles {
			if f != nil {
				f.Close()
			}
		}
	}, nil
}

// Open opens the line that Attach has made, in the process that was started with it, and nowhere
// else.
func Open(name string) (*Line, bool) {
	number, id, _ := strings.Cut(name, ".")
	fd, err1 := strconv.Atoi(number)
	want, err2 := strconv.ParseUint(id, 10, 64)
	if err1 != nil || err2 != nil || fd < 3 || want == 0 || identity(fd) != want {
		return nil, false
	}
	syscall.CloseOnExec(fd)
	c, err := newConn(fd)
	if err != nil {
		return nil, false
	}
	return &Line{conn: c}, true
}

// identity tells a socket from all others, 0 if it is none.
func identity(fd int) uint64 {
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFSOCK {
		return 0
	}
	return max(uint64(st.Ino), 1) // some systems have no number for a socket
}

// A unixConn carries files beside the bytes.
type unixConn struct {
	line  *net.UnixConn
	files []*os.File
}

// newConn takes over a descriptor.
func newConn(fd int) (*unixConn, error) {
	f := os.NewFile(uintptr(fd), "line")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("a socket of another kind: %T", c)
	}
	return &unixConn{line: u}, nil
}

func (c *unixConn) write(data []byte, f *os.File, deadline time.Time) (n int, err error) {
	c.line.SetWriteDeadline(deadline)
	if f != nil {
		// Fd would make the file blocking.
		raw, err := f.SyscallConn()
		if err != nil {
			return 0, err
		}
		err2 := raw.Control(func(fd uintptr) {
			_, _, err = c.line.WriteMsgUnix(data[:1], syscall.UnixRights(int(fd)), nil)
		})
		if err != nil || err2 != nil {
			return 0, fmt.Errorf("cannot send a file: %v %v", err, err2)
		}
		n, data = 1, data[1:]
	}
	more, err := c.line.Write(data)
	return n + more, err
}

func (c *unixConn) Read(data []byte) (int, error) {
	rights := make([]byte, 64)
	n, more, _, _, err := c.line.ReadMsgUnix(data, rights)
	messages, err2 := syscall.ParseSocketControlMessage(rights[:more])
	for i := range messages {
		fds, _ := syscall.ParseUnixRights(&messages[i])
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			c.files = append(c.files, os.NewFile(uintptr(fd), "received"))
		}
	}
	if err == nil && err2 != nil {
		err = err2
	}
	if err == nil && n == 0 && len(data) > 0 {
		return 0, os.ErrClosed
	}
	return n, err
}

func (c *unixConn) Close() error { return c.line.Close() }

func (c *unixConn) file() *os.File {
	if len(c.files) == 0 {
		return nil
	}
	f := c.files[0]
	c.files = c.files[1:]
	return f
}
