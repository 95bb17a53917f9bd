package e2e

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

func init() { programs["net.Listen"] = plainProgram }

// plainProgram is a server with net.Listen: its argument is the address. It leaves for a restart
// when it reads a byte, and for good at the end.
func plainProgram() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ln, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	left := answer([]net.Listener{ln})
	os.Stdout.WriteString("ready\n")
	n, _ := os.Stdin.Read(make([]byte, 1))
	ln.Close()
	left.Wait()
	if n > 0 {
		os.Exit(restarter.ExitCode)
	}
}

// Without Listen there is a gap, but no "address already in use".
func TestNetListenRestarts(t *testing.T) {
	address := freeAddress(t)
	p := start(t, command(t, "net.Listen", address))
	for i := 0; i < 8; i++ {
		p.await("^ready")
		if _, err := question("tcp", address); err != nil {
			t.Error(err)
		}
		io.WriteString(p.stdin, "r")
	}
	p.await("^ready")
	p.stdin.Close()
	p.wantExit(0)
}

// BenchmarkListen is the time that 16 clients wait for an answer, each time by a new
// connection and without a pause, while the server restarts without a pause either. One that
// is refused tries again a millisecond later. The time per operation is that of one restart.
func BenchmarkListen(b *testing.B) {
	b.Run("Listen", func(b *testing.B) {
		needsInheritance(b)
		address := freeAddress(b)
		script := filepath.Join(b.TempDir(), "script")
		save(b, script, "listen tcp "+address)
		benchmarkRestarts(b, "listen", script, address)
	})
	b.Run("net.Listen", func(b *testing.B) {
		address := freeAddress(b)
		benchmarkRestarts(b, "net.Listen", address, address)
	})
}

func benchmarkRestarts(b *testing.B, program, arg, address string) {
	var took []time.Duration
	failed := make(map[string]int)
	b.ResetTimer()
	b.StopTimer()
	// A parent each for as many restarts as it allows without a pause.
	for left := b.N; left > 0; left -= free {
		l := benchmarkParent(b, min(free, left), program, arg, address, failed)
		took = append(took, l.took...)
	}
	slices.Sort(took)
	all := load{took: took}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(all.share(0.5)), "p50-ms")
	b.ReportMetric(ms(all.share(0.99)), "p99-ms")
	b.ReportMetric(ms(all.share(1)), "max-ms")
	b.ReportMetric(float64(failed["refused"]), "refused")
	b.ReportMetric(float64(failed["reset"]), "reset")
	b.ReportMetric(float64(len(took)), "requests")
}

func benchmarkParent(b *testing.B, restarts int, program, arg, address string, failed map[string]int) *load {
	cmd := exec.Command(executable(b), arg)
	tmp := b.TempDir()
	cmd.Env = append(environ("PATH"), "PATH="+tmp, "TMPDIR="+tmp, "TMP="+tmp, "TEMP="+tmp, programVar+"="+program)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	ready := func() {
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "ready") {
				return
			}
		}
		b.Fatal("the server has ended")
	}
	ready()
	var mu sync.Mutex
	load := startLoad(func() error {
		for {
			_, err := question("tcp", address)
			if err == nil {
				return nil
			}
			mu.Lock()
			failed[kindOf(err)]++
			mu.Unlock()
			time.Sleep(time.Millisecond)
		}
	})
	b.StartTimer()
	for i := 0; i < restarts; i++ {
		io.WriteString(stdin, "r")
		ready()
	}
	b.StopTimer()
	load.end()
	stdin.Close()
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		b.Error(err)
	}
	return load
}
