package e2e

import (
	"fmt"
	"io"
	"math/rand"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// served is a web server that answers with its version.
const served = `package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/lib537/restarter"
)

var listen func(network, address string) (net.Listener, error) = %s

func main() {
	if os.Args[1] == "once" {
		fmt.Println("version", version)
		return
	}
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ln, err := listen("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, version)
	})
	fmt.Println("version", version)
	go http.Serve(ln, nil)
	ctx, stop := restarter.NotifyContext(background)
	defer stop()
	<-ctx.Done()
	ln.Close()
	os.Exit(restarter.ExitCode)
}
`

func versionFile(n int) string {
	return fmt.Sprintf("package main\n\nimport \"context\"\n\nvar background = context.Background()\n\nconst version = %d\n", n)
}

// A visitor asks a server for its version, by one new connection after the other.
type visitor struct {
	address string
	seen    chan int // every version, when it is first seen
	stop    chan struct{}
	ended   sync.WaitGroup

	mu              sync.Mutex
	silence         time.Duration // the longest time without an answer
	refused, broken int           // connections
}

func visit(address string) *visitor {
	v := &visitor{address: address, seen: make(chan int, 1000), stop: make(chan struct{})}
	v.ended.Add(1)
	go func() {
		defer v.ended.Done()
		last, answered := -1, time.Now()
		for {
			select {
			case <-v.stop:
				return
			case <-time.After(time.Millisecond):
			}
			n, refused, err := v.ask()
			v.mu.Lock()
			switch {
			case refused:
				v.refused++
			case err != nil:
				v.broken++
			default:
				v.silence = max(v.silence, time.Since(answered))
				answered = time.Now()
			}
			v.mu.Unlock()
			if err == nil && n != last {
				last = n
				v.seen <- n
			}
		}
	}()
	return v
}

func (v *visitor) ask() (version int, refused bool, err error) {
	c, err := net.DialTimeout("tcp", v.address, 5*time.Second)
	if err != nil {
		return 0, true, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	answer, err := io.ReadAll(c)
	if err != nil {
		return 0, false, err
	}
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	version, err = strconv.Atoi(body)
	return version, false, err
}

// until waits for a version.
func (v *visitor) until(b *testing.B, version int) {
	limit := time.After(time.Minute)
	for {
		select {
		case n := <-v.seen:
			if n == version {
				return
			}
		case <-limit:
			b.Fatalf("version %d is not served", version)
		}
	}
}

// take returns what there was since the last call.
func (v *visitor) take() (silence time.Duration, refused, broken int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	silence, refused, broken = v.silence, v.refused, v.broken
	v.silence, v.refused, v.broken = 0, 0, 0
	return silence, refused, broken
}

// BenchmarkEdit measures from a save to the first answer of the new program, and beside it, in
// turn, the floor: go build of the same kind of edit, linked the same way, and the start of
// what it built. Of each edit it also says how long a client had no answer, and how many of its
// connections were refused, or broken: this server does not wait for what it has accepted. The
// metrics are medians, but for those two, which are of all edits.
// Awake: one edit after the other. Blue: each is the first since the program was started.
func BenchmarkEdit(b *testing.B) {
	for _, test := range []struct {
		name, listen string
		blue         bool
	}{{"awake/Listen", "restarter.Listen", false}, {"awake/net.Listen", "net.Listen", false}, {"blue/Listen", "restarter.Listen", true}} {
		b.Run(test.name, func(b *testing.B) {
			if testing.Short() && test.blue {
				b.Skip("starts the program anew for each edit")
			}
			benchmarkEdit(b, test.listen, test.blue)
		})
	}
}

func benchmarkEdit(b *testing.B, listen string, blue bool) {
	main := fmt.Sprintf(served, listen)
	m := newModule(b, "main.go", main, "version.go", versionFile(0))
	floor := newModule(b, "main.go", main, "version.go", versionFile(0))
	address := freeAddress(b)
	n := 0
	launch := func() *process {
		p := m.launch(m.build(), []string{debug}, address)
		p.await(fmt.Sprintf("^version %d$", n))
		p.await(proved) // nothing is built in the background any more
		return p
	}
	p := launch()
	v := visit(address)
	defer func() {
		close(v.stop)
		v.ended.Wait()
	}()
	v.until(b, 0)
	rebuild := func() time.Duration {
		exe := filepath.Join(b.TempDir(), "app")
		began := time.Now()
		floor.write("version.go", versionFile(n))
		if out, err := floor.tool("build", "-buildvcs=false", "-o", exe).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		if out, err := exec.Command(exe, "once").Output(); err != nil || string(out) != fmt.Sprintf("version %d\n", n) {
			b.Fatalf("%v %q", err, out)
		}
		return time.Since(began)
	}
	restart := func() time.Duration {
		began := time.Now()
		m.write("version.go", versionFile(n))
		v.until(b, n)
		return time.Since(began)
	}
	n++ // the first of each fills the caches
	rebuild()
	restart()
	var ours, floors, silences []time.Duration
	allRefused, allBroken := 0, 0
	b.ResetTimer()
	for range make([]struct{}, max(b.N, 2)) {
		if blue {
			p.cmd.Process.Signal(syscall.SIGTERM)
			p.exit()
			p = launch()
			time.Sleep(time.Duration(rand.Int63n(int64(100 * time.Millisecond)))) // to any point between two ticks
		}
		n++
		floors = append(floors, rebuild())
		v.take()
		ours = append(ours, restart())
		silence, refused, broken := v.take()
		silences = append(silences, silence)
		allRefused += refused
		allBroken += broken
	}
	b.StopTimer()
	b.ReportMetric(ms(ours), "ms/edit")
	b.ReportMetric(ms(floors), "floor-ms/edit")
	b.ReportMetric(ms(ours)/ms(floors), "ratio")
	b.ReportMetric(ms(silences), "ms-without-answer")
	b.ReportMetric(float64(allRefused), "refused")
	b.ReportMetric(float64(allBroken), "broken")
	b.ReportMetric(0, "ns/op")
}

// ms returns the median.
func ms(all []time.Duration) float64 {
	all = slices.Clone(all)
	slices.Sort(all)
	return float64(all[len(all)/2]) / float64(time.Millisecond)
}
