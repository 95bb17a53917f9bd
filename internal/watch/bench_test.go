package watch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// manyFiles makes n files, twenty to a directory, and returns them with their roots.
func manyFiles(b testing.TB, n int) (roots []Root, files []string) {
	b.Helper()
	f := folder{b, b.TempDir()}
	for i := 0; i < n; i++ {
		name := fmt.Sprintf("internal/package%04d/file%05d.go", i/20, i)
		f.write(name, "")
		f.age(name, time.Hour)
		files = append(files, f.path(name))
		if i%20 == 0 {
			roots = append(roots, Root{Package, Source, filepath.Dir(f.path(name))})
		}
	}
	return roots, files
}

// watching returns a poller that has done its first sweep.
func watching(roots []Root) *Poller {
	p := New(0)
	p.Watch(roots)
	for i := range p.set.records {
		p.set.records[i].fresh = false // as it is two seconds later
	}
	p.Sweep()
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
		p.Sweep()
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
	b.ReportMetric(testing.AllocsPerRun(1, func() { p.Sweep() })/float64(len(files)), "allocs/look")
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
			if testing.Short() && n > 1000 {
				b.Skip("makes many files")
			}
			roots, _ := manyFiles(b, n)
			p := watching(roots)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				p.Tick()
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(p.Wait())*100, "%core")
		})
	}
}

// The set of 5,000 files made anew, as after a new file.
func BenchmarkWatch(b *testing.B) {
	roots, _ := manyFiles(b, 5000)
	p := watching(roots)
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		p.Watch(roots)
	}
}
