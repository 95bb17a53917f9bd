package restarter

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkListen is the time that 16 clients wait for an answer, each time by a new
// connection and without a pause, while the server restarts without a pause either. One that
// is refused tries again a millisecond later. The time per operation is that of one restart.
func BenchmarkListen(b *testing.B) {
	b.Run("Listen", func(b *testing.B) {
		if !inherits {
			b.Skip("a process cannot inherit sockets here")
		}
		address := freePort(b)
		name := b.TempDir() + "/script"
		if err := os.WriteFile(name, []byte("listen tcp "+address), 0o600); err != nil {
			b.Fatal(err)
		}
		benchmarkRestarts(b, "listen", name, address)
	})
	b.Run("net.Listen", func(b *testing.B) {
		address := freePort(b)
		benchmarkRestarts(b, "net.Listen", address, address)
	})
}

func benchmarkRestarts(b *testing.B, program, arg, address string) {
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
	failed := make(map[string]int)
	load := startLoad(16, func() error {
		for {
			_, err := ask("tcp", address)
			if err == nil {
				return nil
			}
			mu.Lock()
			failed[kindOf(err)]++
			mu.Unlock()
			time.Sleep(time.Millisecond)
		}
	})
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
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
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(load.share(0.5)), "p50-ms")
	b.ReportMetric(ms(load.share(0.99)), "p99-ms")
	b.ReportMetric(ms(load.share(1)), "max-ms")
	b.ReportMetric(float64(failed["refused"]), "refused")
	b.ReportMetric(float64(failed["reset"]), "reset")
	b.ReportMetric(float64(len(load.took)), "requests")
}
