package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkIdle is what watching costs when nothing happens, by the account of the system: the
// memory of the parent of a program beside that of one which has nothing to watch but its few
// sources, and the processor time that both processes take.
func BenchmarkIdle(b *testing.B) {
	m := newModule(b, "main.go", `package main

import (
	"fmt"
	"os"
	"time"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	restarter.Track(os.Args[1])
	fmt.Println("up")
	for !restarter.ShouldRestart() {
		time.Sleep(time.Second)
	}
}
`)
	exe := m.build()
	measure := func(n int) (cpu, mb float64) {
		dir := filepath.Join(b.TempDir(), "files")
		for i := 0; i < n; i++ {
			sub := filepath.Join(dir, fmt.Sprintf("package%04d", i/20))
			if i%20 == 0 {
				if err := os.MkdirAll(sub, 0o755); err != nil {
					b.Fatal(err)
				}
			}
			name := filepath.Join(sub, fmt.Sprintf("file%05d.go", i))
			if err := os.WriteFile(name, nil, 0o644); err != nil {
				b.Fatal(err)
			}
			then := time.Now().Add(-time.Hour)
			os.Chtimes(name, then, then)
		}
		p := m.launch(exe, []string{debug}, dir)
		p.await("^up$")
		p.awaitAnywhere(proved) // with many files to track it comes first
		pid := p.cmd.Process.Pid
		time.Sleep(4 * time.Second) // until no file is fresh, and the cost of a look is known
		start := cpuTime(pid)
		time.Sleep(5 * time.Second)
		spent := cpuTime(pid) - start
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		var kb float64
		for _, line := range strings.Split(string(status), "\n") {
			fmt.Sscanf(line, "VmRSS: %f", &kb)
		}
		p.cmd.Process.Signal(os.Interrupt)
		p.exit()
		return float64(spent) / float64(5*time.Second) * 100, kb / 1000
	}
	for i := 0; i < b.N; i++ {
		cpu0, mb0 := measure(0)
		b.ReportMetric(mb0, "MB-of-the-parent")
		b.ReportMetric(cpu0, "%core-50")
		for _, n := range []int{5000, 50000} {
			if testing.Short() && n > 5000 {
				continue
			}
			cpu, mb := measure(n)
			b.ReportMetric(cpu, fmt.Sprintf("%%core-%d", n))
			b.ReportMetric(mb-mb0, fmt.Sprintf("MB-added-%d", n))
		}
	}
	b.ReportMetric(0, "ns/op")
}

// cpuTime is what the system charges to a process and its children that live.
func cpuTime(pid int) (total time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, name := range threads {
		data, _ := os.ReadFile(name)
		var ns int64
		fmt.Sscan(string(data), &ns)
		total += time.Duration(ns)
	}
	for _, name := range children {
		data, _ := os.ReadFile(name)
		var child int
		if n, _ := fmt.Sscan(string(data), &child); n == 1 {
			total += cpuTime(child)
		}
	}
	return total
}
