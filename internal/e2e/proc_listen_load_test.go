package e2e

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var underLoad = flag.Int("restarts", 14, "how often TestListenUnderLoad restarts its server")

// How many clients ask at a time.
const clients = 16

// A load is clients that ask without a pause, each time by a new connection.
type load struct {
	stop   chan struct{}
	done   sync.WaitGroup
	mu     sync.Mutex
	took   []time.Duration
	failed map[string]int // by what went wrong
}

func startLoad(request func() error) *load {
	l := &load{stop: make(chan struct{}), failed: make(map[string]int)}
	for i := 0; i < clients; i++ {
		l.done.Add(1)
		go func() {
			defer l.done.Done()
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				began := time.Now()
				err := request()
				l.mu.Lock()
				l.took = append(l.took, time.Since(began))
				if err != nil {
					l.failed[kindOf(err)]++
				}
				l.mu.Unlock()
			}
		}()
	}
	return l
}

func kindOf(err error) string {
	text := err.Error() // not every system has all these errors as values
	switch {
	case strings.Contains(text, "refused"), errors.Is(err, os.ErrNotExist):
		return "refused"
	case strings.Contains(text, "reset"), strings.Contains(text, "broken pipe"), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "reset"
	}
	return text
}

// end stops the clients when each has its answer, and sorts the times that they took.
func (l *load) end() {
	close(l.stop)
	l.done.Wait()
	slices.Sort(l.took)
}

// share returns the time within which this share of the requests was answered.
func (l *load) share(of float64) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	return l.took[int(of*float64(len(l.took)-1))]
}

func (l *load) String() string {
	return fmt.Sprintf("%d requests: p50 %v, p99 %v, max %v; failed: %v",
		len(l.took), l.share(0.5), l.share(0.99), l.share(1), l.failed)
}

// Half of the restarts are the program's own, half are changes.
func TestListenUnderLoad(t *testing.T) {
	slow(t)
	needsInheritance(t)
	times := *underLoad
	if testing.Short() {
		times = 10
	}
	for _, network := range []string{"tcp", "unix"} {
		for _, first := range []string{"", "both\n"} { // where the socket is opened: in the child, or the parent
			t.Run(strings.TrimSpace(network+" "+first), func(t *testing.T) {
				address := "127.0.0.1:0"
				if network == "unix" {
					address = socketPath(t)
				}
				script := first + "listen " + network + " " + address
				s := startServer(t, script)
				where := s.at(network, address)
				last := s.ready()
				load := startLoad(func() error {
					_, err := question(network, where)
					return err
				})
				for i := 0; i < times; i++ {
					if i%2 == 0 {
						s.order("r")
					} else {
						s.restart(script)
					}
					now := s.await("^child listens to .* at (.*)|" + pauses)[1]
					if now == "" {
						s.restart(script) // which ends the pause
						now = s.at(network, address)
					}
					if now != where {
						t.Fatalf("listens to %s, then to %s", where, now)
					}
					pid := s.ready()
					if pid == last {
						t.Fatal("the child was not restarted")
					}
					last = pid
				}
				load.end()
				s.quit()
				t.Logf("%d restarts, %v", times, load)
				if len(load.failed) > 0 {
					t.Errorf("requests have failed: %v", load.failed)
				}
				if len(load.took) < times {
					t.Errorf("%d requests are no load", len(load.took))
				}
			})
		}
	}
}

// The example, as it is, under load: no request is lost whatever is edited.
func TestListenExample(t *testing.T) {
	needsInheritance(t)
	t.Parallel()
	for _, overlap := range []string{"0", "10s"} {
		overlap := overlap
		t.Run("overlap "+overlap, func(t *testing.T) {
			t.Parallel()
			editUnderLoad(t, overlap)
		})
	}
}

func editUnderLoad(t *testing.T, overlap string) {
	edits := max(2, *underLoad/20)
	m := newExample(t, "web")
	p := m.start("-addr", "127.0.0.1:0", "-overlap", overlap)
	serves := `version (\d+), process (\d+), serves http://(.*)/$`
	first := p.await(serves)
	last, where := first[2], first[3]
	load := startLoad(func() error {
		conn, err := net.Dial("tcp", where)
		if err != nil {
			return err
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		text, err := io.ReadAll(conn)
		if err == nil && !strings.HasPrefix(string(text), "HTTP/1.1 200 ") {
			err = fmt.Errorf("answer %.40q: %w", text, io.ErrUnexpectedEOF)
		}
		return err
	})
	for i := 0; i < edits; i++ {
		for _, edit := range []func(){
			func() {
				m.replace("main.go", fmt.Sprintf("version = \"%d\"", i+1), fmt.Sprintf("version = \"%d\"", i+2))
			},
			func() { m.swap("web.conf", fmt.Sprint("edit ", i), time.Now()) }, // needs no build
		} {
			edit()
			now := p.await(serves)
			if now[1] != fmt.Sprint(i+2) || now[3] != where {
				t.Fatal(now)
			}
			p.awaitAnywhere("process " + last + " is done") // with Overlap it comes later
			last = now[2]
		}
	}
	load.end()
	t.Logf("%d restarts, %v", 2*edits, load)
	if len(load.failed) > 0 {
		t.Errorf("requests have failed: %v", load.failed)
	}
	stop(t, p.cmd.Process.Pid)
	p.wantExit(0)
}
