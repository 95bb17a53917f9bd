package restarter

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkEdit measures from a save to the first line of the new program, and beside it,
// in turn, the floor: go build of the same kind of edit, linked the same way, and the start
// of what it built. The metrics are medians.
func BenchmarkEdit(b *testing.B) {
	const server = `package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if len(os.Args) == 1 && restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, version) })
	fmt.Println("version", version)
	if len(os.Args) > 1 {
		return
	}
	ctx, stop := restarter.NotifyContext(background)
	defer stop()
	<-ctx.Done()
	os.Exit(restarter.ExitCode)
}
`
	version := func(n int) string {
		return fmt.Sprintf("package main\n\nimport \"context\"\n\nvar background = context.Background()\n\nconst version = %d\n", n)
	}
	m := newModule(b, "main.go", server, "version.go", version(0))
	floor := newModule(b, "main.go", server, "version.go", version(0))
	p := m.start()
	p.await("^version 0$")

	n, edits := 0, max(b.N, 2)
	rebuild := func() time.Duration {
		exe := filepath.Join(b.TempDir(), "app")
		began := time.Now()
		floor.write("version.go", version(n))
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
		m.write("version.go", version(n))
		p.await(fmt.Sprintf("^version %d$", n))
		return time.Since(began)
	}
	n++ // the first of each fills the caches
	rebuild()
	restart()
	var ours, floors []time.Duration
	b.ResetTimer()
	for range make([]struct{}, edits) {
		n++
		floors = append(floors, rebuild())
		ours = append(ours, restart())
	}
	b.StopTimer()
	slices.Sort(ours)
	slices.Sort(floors)
	a, f := ours[len(ours)/2], floors[len(floors)/2]
	b.ReportMetric(float64(a.Milliseconds()), "ms/edit")
	b.ReportMetric(float64(f.Milliseconds()), "floor-ms/edit")
	b.ReportMetric(float64(a)/float64(f), "ratio")
	b.ReportMetric(0, "ns/op")
}
