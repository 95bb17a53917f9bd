package e2e

import (
	"os"
	"strings"
	"testing"
)

// BenchmarkSize is what the import adds to an executable, and beside it what a program adds that does
// nothing but start a process, take a signal and read how it was built: no library for this has less.
// Serve, LiveReload and TLS, most of Serve, are what each adds to a program that imports restarter.
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
	for name, serves := range map[string]string{
		"with":       `http.Serve(ln, nil)`,
		"serve":      `restarthttp.Serve(context.Background(), new(http.Server), ln)`,
		"livereload": `http.Serve(ln, restarthttp.LiveReload(http.DefaultServeMux))`,
		"tls":        `new(http.Server).ServeTLS(ln, "", "")`,
	} {
		imports := ""
		for pkg, path := range map[string]string{"context": "context", "restarthttp": "github.com/lib537/restarter/restarthttp"} {
			if strings.Contains(serves, pkg+".") {
				imports += "\t\"" + path + "\"\n"
			}
		}
		m.write(name+"/main.go", `package main

import (
	"net/http"
	"os"

	"github.com/lib537/restarter"
`+imports+`)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ln, _ := restarter.Listen("tcp", ":0")
	`+serves+`
}
`)
	}
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
		b.ReportMetric((size("serve", "-s -w")-size("with", "-s -w"))/1000, "kB-Serve-stripped")
		b.ReportMetric((size("tls", "-s -w")-size("with", "-s -w"))/1000, "kB-TLS-stripped")
		b.ReportMetric((size("livereload", "-s -w")-size("with", "-s -w"))/1000, "kB-LiveReload-stripped")
		b.ReportMetric((size("with", "")-size("without", ""))/1000, "kB")
	}
}
