package e2e

import (
	"os"
	"testing"
)

// BenchmarkSize is what the import adds to an executable, and beside it what a program adds that does
// nothing but start a process, take a signal and read how it was built: no library for this has less.
func BenchmarkSize(b *testing.B) {
	m := newModule(b,
		"without/main.go", `package main

import (
	"net"
	"net/http"
)

func main() {
	ln, _ := net.Listen("tcp", ":0")
	http.Serve(ln, nil)
}
`, "with/main.go", `package main

import (
	"net/http"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ln, _ := restarter.Listen("tcp", ":0")
	http.Serve(ln, nil)
}
`, "stub/main.go", `package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
)

func main() {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	exec.Command("go").Run()
	debug.ReadBuildInfo()
	ln, _ := net.Listen("tcp", ":0")
	http.Serve(ln, nil)
}
`)
	size := func(name, ldflags string) float64 {
		info, err := os.Stat(m.build("-ldflags="+ldflags, "./"+name))
		if err != nil {
			b.Fatal(err)
		}
		return float64(info.Size())
	}
	for i := 0; i < b.N; i++ {
		b.ReportMetric((size("with", "-s -w")-size("without", "-s -w"))/1000, "kB-stripped")
		b.ReportMetric((size("stub", "-s -w")-size("without", "-s -w"))/1000, "kB-stub-stripped")
		b.ReportMetric((size("with", "")-size("without", ""))/1000, "kB")
	}
}
