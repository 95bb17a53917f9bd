//go:build unix

package e2e

import (
	"math/rand"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
)

var stopsOfOverlap = []os.Signal{syscall.SIGINT, syscall.SIGTERM}

func kill(t *testing.T, pid string) {
	t.Helper()
	send(t, number(t, pid), syscall.SIGKILL)
}

// Kill -9 of any of the three, at any moment: nothing is left behind, no process, no file, no port. The
// one that is killed is the parent in the end.
func TestOverlapIsKilled(t *testing.T) {
	slow(t)
	needsInheritance(t)
	for i := 0; i < 12; i++ {
		o := startOverlapping(t, "serve", "-wait")
		where, old := o.where(), o.serves()
		o.save("slow")
		next := o.begins("slow")
		time.Sleep(time.Duration(rand.Intn(1200)) * time.Millisecond)
		switch i % 3 {
		case 0:
			syscall.Kill(number(t, old), syscall.SIGKILL) // it may have left
			o.serves()
		case 1:
			syscall.Kill(number(t, next), syscall.SIGKILL)
			o.save("serve")
			o.begins("serve")
			o.serves()
		}
		send(t, o.cmd.Process.Pid, syscall.SIGKILL)
		o.drain() // all have ended
		if left := entries(t, o.tmp); len(left) > 0 {
			t.Errorf("left in the temporary directory: %v", left)
		}
		ln, err := net.Listen("tcp", where)
		if err != nil {
			t.Error(err)
		} else {
			ln.Close()
		}
	}
}

func number(t *testing.T, pid string) int {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// SIGHUP ends both programs, if the old one does not handle it.
func TestOverlapHangsUp(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "serve")
	o.serves()
	o.save("hang")
	hung := o.begins("hang")
	send(t, o.cmd.Process.Pid, syscall.SIGHUP)
	o.wantExit(129)
	o.await("^left " + hung + "$")
}
