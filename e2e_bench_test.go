package restarter

import (
	"context"
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

var listen = %s

func main() {
	if os.Args[1] == "once" {
		fmt.Println("version", version)
		return
	}
	ln, err := listen("tcp", os.Args[1])
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
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

	mu       sync.Mutex
	silence  time.Duration  // the longest time without an answer, as far as it was asked for
	failures map[string]int // of connections: refused, or broken since the old program left with them
}

func visit(address string) *visitor {
	v := &visitor{address: address, seen: make(chan int, 1000), stop: make(chan struct{}), failures: make(map[string]int)}
	v.ended.Add(1)
	go func() {
		defer v.ended.Done()
		last, answered := -1, time.Now()
		for {
			select {
			case <-v.stop:
				return
			default:
			}
			n, err := v.ask()
			v.mu.Lock()
			if err != nil {
				v.failures[kindOf(err)]++
			} else {
				v.silence = max(v.silence, time.Since(answered))
				answered = time.Now()
			}
			v.mu.Unlock()
			if err == nil && n != last {
				last = n
				v.seen <- n
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return v
}

func (v *visitor) ask() (version int, err error) {
	c, err := net.DialTimeout("tcp", v.address, 5*time.Second)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	answer, err := io.ReadAll(c)
	if err != nil {
		return 0, err
	}
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	return strconv.Atoi(body)
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
func (v *visitor) take() (silence time.Duration, failures map[string]int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	silence, failures = v.silence, v.failures
	v.silence, v.failures = 0, make(map[string]int)
	return silence, failures
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
		b.Run(test.name, func(b *testing.B) { benchmarkEdit(b, test.listen, test.blue) })
	}
}

func benchmarkEdit(b *testing.B, listen string, blue bool) {
	main := fmt.Sprintf(served, listen)
	if listen == "net.Listen" {
		main = fmt.Sprintf(served, `func(network, address string) (net.Listener, error) {
	if restarter.IsParent() {
		return nil, nil
	}
	return net.Listen(network, address)
}`)
	} else {
		main = strings.Replace(main, "\t\"net\"\n", "", 1)
	}
	m := newModule(b, "main.go", main, "version.go", versionFile(0))
	floor := newModule(b, "main.go", main, "version.go", versionFile(0))
	address := freePort(b)
	n := 0
	launch := func() *process {
		p := m.start(address)
		p.await(fmt.Sprintf("^version %d$", n))
		p.awaitAlias() // nothing is built in the background any more
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
	refused, broken := 0, 0
	b.ResetTimer()
	for range make([]struct{}, max(b.N, 2)) {
		if blue {
			p.cmd.Process.Signal(syscall.SIGTERM)
			p.exit()
			p = launch()
			time.Sleep(time.Duration(rand.Int63n(int64(idleTick)))) // to any point between two ticks
		}
		n++
		floors = append(floors, rebuild())
		v.take()
		ours = append(ours, restart())
		silence, failed := v.take()
		silences = append(silences, silence)
		refused += failed["refused"]
		for kind, n := range failed {
			if kind != "refused" {
				broken += n
			}
		}
	}
	b.StopTimer()
	b.ReportMetric(ms(ours), "ms/edit")
	b.ReportMetric(ms(floors), "floor-ms/edit")
	b.ReportMetric(ms(ours)/ms(floors), "ratio")
	b.ReportMetric(ms(silences), "ms-without-answer")
	b.ReportMetric(float64(refused), "refused")
	b.ReportMetric(float64(broken), "broken")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStart measures what importing and launching cost the start of a child: from exec to
// its first line, as the child that goes on from a hand-over, beside RESTARTER=off, in turn.
func BenchmarkStart(b *testing.B) {
	m := newModule(b, "main.go", `package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	http.HandleFunc("/", http.NotFound)
	fmt.Println("up")
}
`)
	exe := m.build()
	// This process is the parent, with the hand-over of a program of 50 files.
	private := b.TempDir()
	roots, _ := manyFiles(b, 50)
	f := folder{b, private}
	f.check(writeFile(private, "settings", settings{Program: exe, Wd: m.dir, Quiet: true}))
	p := watching(roots)
	f.check(writeFile(private, "handover", handover{next: next{Exe: exe, ID: "x"}, Alias: "x", Known: true, Roots: roots, Files: p.fileSet}))
	start := func(value string) time.Duration {
		cmd := exec.Command(exe, "once")
		cmd.Dir, cmd.Env = m.dir, append(environ(), variable+"="+value)
		r, err := cmd.StdoutPipe()
		f.check(err)
		began := time.Now()
		f.check(cmd.Start())
		if _, err := r.Read(make([]byte, 10)); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		cmd.Wait()
		return took
	}
	var ours, off []time.Duration
	for range make([]struct{}, max(b.N, 5)) {
		off = append(off, start("off"))
		ours = append(ours, start(fmt.Sprintf("%d:%s", syscall.Getpid(), private)))
	}
	b.ReportMetric(1000*ms(ours), "us/start")
	b.ReportMetric(1000*ms(off), "off-us/start")
	b.ReportMetric(ms(ours)/ms(off), "ratio")
	b.ReportMetric(0, "ns/op")
}

// ms returns the median.
func ms(all []time.Duration) float64 {
	all = slices.Clone(all)
	slices.Sort(all)
	return float64(all[len(all)/2]) / float64(time.Millisecond)
}

// BenchmarkBuild measures, in turn, the build of an edit alone, with the listing beside it, with the
// listing before it, and with the garbage collection that the go command has by default. Ratios are
// to the first.
func BenchmarkBuild(b *testing.B) {
	m := newModule(b, "main.go", strings.Replace(fmt.Sprintf(served, "restarter.Listen"), "\t\"net\"\n", "", 1), "version.go", versionFile(0))
	private := b.TempDir()
	r := recipe{Command: "go", Dir: m.dir, Targets: []string{"."}, Flags: []string{"-buildvcs=false"},
		Env: []string{"GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off"}}
	list := func() {
		if _, err := r.list(context.Background(), private); err != nil {
			b.Error(err)
		}
	}
	build := func(r recipe) {
		if said, err := r.build(context.Background(), private, filepath.Join(private, "app")); err != nil {
			b.Fatalf("%v\n%s", err, said)
		}
	}
	frugal := r
	frugal.Env = append(slices.Clone(r.Env), "GOGC=100")
	ways := []func(){
		func() { build(r) },
		func() {
			done := make(chan struct{})
			go func() { list(); close(done) }()
			build(r)
			<-done
		},
		func() { list(); build(r) },
		func() { build(frugal) },
	}
	build(r)
	took := make([][]time.Duration, len(ways))
	n := 0
	for range make([]struct{}, max(b.N, 2)) {
		for i, way := range ways {
			n++
			m.write("version.go", versionFile(n))
			began := time.Now()
			way()
			took[i] = append(took[i], time.Since(began))
		}
	}
	b.ReportMetric(ms(took[0]), "ms/build")
	for i, name := range []string{"list-beside", "list-before", "default-GOGC"} {
		b.ReportMetric(ms(took[i+1])/ms(took[0]), name+"-ratio")
	}
	b.ReportMetric(0, "ns/op")
}
