package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lib537/restarter/internal/link"
)

var anyFlag atomic.Bool

// ShouldRestart, compared with an atomic load, in turn.
func BenchmarkFlag(b *testing.B) {
	var ours, load time.Duration
	var set bool
	for left := b.N; left > 0; {
		n := min(left, 1<<20)
		left -= n
		start := time.Now()
		for i := 0; i < n; i++ {
			set = set || ShouldRestart()
		}
		middle := time.Now()
		for i := 0; i < n; i++ {
			set = set || anyFlag.Load()
		}
		ours += middle.Sub(start)
		load += time.Since(middle)
	}
	if set {
		b.Fatal("time to restart")
	}
	b.ReportMetric(float64(ours)/float64(b.N), "ns/op")
	b.ReportMetric(float64(load)/float64(b.N), "ns/load")
	b.ReportMetric(float64(ours)/float64(load), "x-load")
	b.ReportMetric(testing.AllocsPerRun(100, func() { ShouldRestart() }), "allocs/op")
}

// BenchmarkStart measures what importing and launching cost the start of a child: from exec to
// its first line, beside RESTARTER=off, in turn. This process plays the parent.
func BenchmarkStart(b *testing.B) {
	here, err := os.Getwd()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/app\n\ngo 1.21\n\nrequire github.com/lib537/restarter v0.0.0\n\n" +
			"replace github.com/lib537/restarter => " + here + "\n",
		"main.go": `package main

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
	fmt.Println("up", restarter.IsChild())
}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	exe := filepath.Join(dir, "app.exe")
	build := exec.Command("go", "build", "-o", exe)
	build.Dir, build.Env = dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	start := func(child bool) time.Duration {
		cmd := exec.Command(exe)
		r, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		value, started := off, func() {}
		if child {
			line, name, attached, err := link.Attach(cmd)
			if err != nil {
				b.Fatal(err)
			}
			defer line.Close()
			value, started = fmt.Sprintf("%d:%s:%s", os.Getpid(), name, dir), attached
		}
		cmd.Env = append(os.Environ(), variable+"="+value)
		began := time.Now()
		err = cmd.Start()
		started()
		if err != nil {
			b.Fatal(err)
		}
		said := make([]byte, 20)
		n, _ := r.Read(said)
		took := time.Since(began)
		if string(said[:n]) != fmt.Sprintln("up", child) {
			b.Fatalf("it said %q", said[:n])
		}
		cmd.Wait()
		return took
	}
	var ours, alone []time.Duration
	for range make([]struct{}, max(b.N, 5)) {
		alone = append(alone, start(false))
		ours = append(ours, start(true))
	}
	b.ReportMetric(median(ours), "us/start")
	b.ReportMetric(median(alone), "off-us/start")
	b.ReportMetric(median(ours)/median(alone), "ratio")
	b.ReportMetric(0, "ns/op")
}

// median returns the median, in microseconds.
func median(all []time.Duration) float64 {
	all = slices.Clone(all)
	slices.Sort(all)
	return float64(all[len(all)/2]) / float64(time.Microsecond)
}
