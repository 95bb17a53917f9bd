package restarter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// manyFiles makes n files, twenty to a directory, and returns them with their roots.
func manyFiles(b testing.TB, n int) (roots []root, files []string) {
	b.Helper()
	f := folder{b, b.TempDir()}
	for i := 0; i < n; i++ {
		name := fmt.Sprintf("internal/package%04d/file%05d.go", i/20, i)
		f.write(name, "")
		f.age(name, time.Hour)
		files = append(files, f.path(name))
		if i%20 == 0 {
			roots = append(roots, root{Kind: pkg, Source: true, Path: filepath.Dir(f.path(name))})
		}
	}
	return roots, files
}

// watching returns a poller that has done its first sweep.
func watching(roots []root) *poller {
	p := newPoller(0)
	p.set(roots)
	for i := range p.Records {
		p.Records[i].Fresh = false // as it is two seconds later
	}
	p.sweep()
	return p
}

// A sweep, compared with a plain loop of os.Stat over the same files and directories, and with
// one of fstatat in C, where there is a C compiler.
func BenchmarkSweep(b *testing.B) {
	roots, files := manyFiles(b, 5000)
	p := watching(roots)
	for _, r := range roots {
		files = append(files, r.Path)
	}
	inC := statInC(b, files)
	var sweeps, plain, c time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		start := time.Now()
		p.sweep()
		sweeps += time.Since(start)
		b.StopTimer()
		start = time.Now()
		for _, name := range files {
			os.Stat(name)
		}
		plain += time.Since(start)
		c += inC()
		b.StartTimer()
	}
	looks := float64(b.N * len(files))
	b.ReportMetric(float64(sweeps)/looks, "ns/look")
	b.ReportMetric(float64(plain)/looks, "ns/os.Stat")
	b.ReportMetric(float64(sweeps)/float64(plain), "x-os.Stat")
	if c > 0 {
		b.ReportMetric(float64(c)/looks, "ns/fstatat")
		b.ReportMetric(float64(sweeps)/float64(c), "x-fstatat")
	}
	b.ReportMetric(testing.AllocsPerRun(1, func() { p.sweep() })/float64(len(files)), "allocs/look")
	b.ReportMetric(testing.AllocsPerRun(100, func() { os.Stat(files[0]) }), "allocs/os.Stat")
}

// statInC starts a program in C that looks at all files whenever it is asked to, and says how
// long that took.
func statInC(b *testing.B, files []string) (ask func() time.Duration) {
	const source = `#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
static char names[1 << 20], *name[20000];
int main(int argc, char **argv) {
	int n = 0;
	FILE *f = fopen(argv[1], "r");
	names[fread(names, 1, sizeof names - 1, f)] = 0;
	for (char *s = strtok(names, "\n"); s; s = strtok(NULL, "\n")) name[n++] = s;
	while (getchar() != EOF) {
		struct timespec a, b;
		struct stat st;
		clock_gettime(CLOCK_MONOTONIC, &a);
		for (int i = 0; i < n; i++) fstatat(AT_FDCWD, name[i], &st, 0);
		clock_gettime(CLOCK_MONOTONIC, &b);
		printf("%lld\n", (b.tv_sec - a.tv_sec) * 1000000000LL + b.tv_nsec - a.tv_nsec);
		fflush(stdout);
	}
}
`
	f := folder{b, b.TempDir()}
	f.write("stat.c", source)
	f.write("names", strings.Join(files, "\n"))
	if out, err := exec.Command("cc", "-O2", "-o", f.path("stat"), f.path("stat.c")).CombinedOutput(); err != nil {
		b.Logf("without C: %v %s", err, out)
		return func() time.Duration { return 0 }
	}
	cmd := exec.Command(f.path("stat"), f.path("names"))
	stdin, err := cmd.StdinPipe()
	f.check(err)
	stdout, err := cmd.StdoutPipe()
	f.check(err)
	f.check(cmd.Start())
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	return func() (took time.Duration) {
		stdin.Write([]byte{'x'})
		if _, err := fmt.Fscan(stdout, &took); err != nil {
			b.Fatal(err)
		}
		return took
	}
}

// A tick in the idle gear. It may take 0.7 ms, a quarter of that for the wake-up.
func BenchmarkTick(b *testing.B) {
	for _, n := range []int{50, 1000, 10000, 50000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			roots, _ := manyFiles(b, n)
			p := watching(roots)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				p.tick()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(p.wait())*100, "%core")
		})
	}
}

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

func BenchmarkContentID(b *testing.B) {
	exe := executable(b)
	for i := 0; i < b.N; i++ {
		contentID(exe)
	}
	b.StopTimer()
	start := time.Now()
	os.ReadFile(exe)
	b.ReportMetric(float64(time.Since(start)), "ns/ReadFile")
}

func init() {
	used.Store("rss", true) // by a benchmark
	programs["rss"] = func() {
		p := newPoller(0)
		var roots []root
		if dir := os.Getenv("RESTARTER_TEST_DIR"); dir != "" {
			roots = trackRoots([]string{dir})
		}
		came, _ := p.set(roots)
		writeFile(os.TempDir(), "handover", handover{Files: p.fileSet})
		poll := func(d time.Duration) {
			for begin := time.Now(); time.Since(begin) < d; {
				time.Sleep(p.wait())
				p.tick()
			}
		}
		poll(3 * time.Second) // until no file is fresh, and the cost of a look is known
		start := processTime()
		poll(2 * time.Second)
		status, _ := os.ReadFile("/proc/self/status")
		fmt.Println(len(came), int64(processTime()-start)/2, memory(status, "VmRSS:"), memory(status, "VmHWM:"))
	}
}

func memory(status []byte, key string) (kB int) {
	_, after, _ := strings.Cut(string(status), key)
	fmt.Sscan(after, &kB)
	return kB
}

// processTime is what the system charges to this process.
func processTime() time.Duration {
	data, _ := os.ReadFile("/proc/self/schedstat")
	var ns int64
	fmt.Sscan(string(data), &ns)
	total := ns
	threads, _ := filepath.Glob("/proc/self/task/*/schedstat")
	if len(threads) > 0 {
		total = 0
	}
	for _, name := range threads {
		data, _ := os.ReadFile(name)
		fmt.Sscan(string(data), &ns)
		total += ns
	}
	return time.Duration(total)
}

// BenchmarkWatcher is what watching costs a process, by the account of the system:
// memory beside a process that watches nothing, and processor time when idle.
func BenchmarkWatcher(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("reads /proc")
	}
	for _, n := range []int{50, 5000, 50000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, files := manyFiles(b, n)
			measure := func(dir string) (cpu, rss, peak float64) {
				cmd := exec.Command(executable(b))
				cmd.Env = append(environ(), programVar+"=rss", "RESTARTER_TEST_DIR="+dir, "TMPDIR="+b.TempDir())
				used.Store("rss", true)
				out, err := cmd.Output()
				if err != nil {
					b.Fatal(err)
				}
				var count int
				fmt.Sscan(string(out), &count, &cpu, &rss, &peak)
				return cpu, rss, peak
			}
			for i := 0; i < b.N; i++ {
				cpu0, rss0, peak0 := measure("")
				cpu, rss, peak := measure(filepath.Dir(filepath.Dir(files[0])))
				b.ReportMetric(cpu/1e7, "%core")
				b.ReportMetric(cpu0/1e7, "%core-watching-nothing")
				b.ReportMetric((rss-rss0)/1000, "MB-added")
				b.ReportMetric((peak-peak0)/1000, "MB-added-peak")
			}
		})
	}
}

// BenchmarkSize is what the import adds to an executable, and beside it what a program adds that does
// nothing but start a process, take a signal and read how it was built: no library for this has less.
func BenchmarkSize(b *testing.B) {
	here, err := os.Getwd()
	if err != nil {
		b.Fatal(err)
	}
	const with = "package main\n\nimport (\n\"net/http\"\n\"os\"\n\n\"github.com/lib537/restarter\"\n)\n\nfunc main() {\n" +
		"if restarter.IsParent() {\nos.Exit(restarter.LaunchChild())\n}\nln, _ := restarter.Listen(\"tcp\", \":0\")\nhttp.Serve(ln, nil)\n}\n"
	const without = "package main\n\nimport (\n\"net\"\n\"net/http\"\n)\n\nfunc main() {\n" +
		"ln, _ := net.Listen(\"tcp\", \":0\")\nhttp.Serve(ln, nil)\n}\n"
	const stub = "package main\n\nimport (\n\"net\"\n\"net/http\"\n\"os\"\n\"os/exec\"\n\"os/signal\"\n\"runtime/debug\"\n)\n\nfunc main() {\n" +
		"signal.Notify(make(chan os.Signal, 1), os.Interrupt)\nexec.Command(\"go\").Run()\ndebug.ReadBuildInfo()\n" +
		"ln, _ := net.Listen(\"tcp\", \":0\")\nhttp.Serve(ln, nil)\n}\n"
	f := folder{b, b.TempDir()}
	f.write("go.mod", "module example.com/app\n\ngo 1.21\n\nrequire github.com/lib537/restarter v0.0.0\n\n"+
		"replace github.com/lib537/restarter => "+here+"\n")
	f.write("with/main.go", with)
	f.write("without/main.go", without)
	f.write("stub/main.go", stub)
	size := func(name, ldflags string) float64 {
		cmd := exec.Command("go", "build", "-o", f.path("app"), "-ldflags="+ldflags, "./"+name)
		cmd.Dir, cmd.Env = f.dir, append(environ("GOFLAGS"), "GOPROXY=off", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		info, err := os.Stat(f.path("app"))
		f.check(err)
		return float64(info.Size())
	}
	for i := 0; i < b.N; i++ {
		b.ReportMetric((size("with", "-s -w")-size("without", "-s -w"))/1000, "kB-stripped")
		b.ReportMetric((size("stub", "-s -w")-size("without", "-s -w"))/1000, "kB-stub-stripped")
		b.ReportMetric((size("with", "")-size("without", ""))/1000, "kB")
	}
}
