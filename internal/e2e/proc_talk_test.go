package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/lib537/restarter"
)

func init() { programs["talk"] = talk }

// talk is a program that does what it reads, a line at a time:
//
//	exit N     leaves with the code N
//	signal N   has the signal N sent to itself
//	panic      panics
//	write F    saves the file F
//	echo X     prints X
//	leave      cleans up and exits with ExitCode
//
// Its arguments are settings of the Launcher and what the child does when it is told.
func talk() {
	var l restarter.Launcher
	var build, file string
	flags := flag.NewFlagSet("talk", flag.ExitOnError)
	flags.StringVar(&build, "build", "", "a command of the shell")
	flags.StringVar(&l.Dir, "dir", "", "")
	flags.DurationVar(&l.Grace, "grace", 0, "")
	flags.BoolVar(&l.WaitOnFailure, "wait", false, "")
	flags.BoolVar(&l.Quiet, "quiet", false, "")
	flags.StringVar(&file, "track", "", "a file to watch")
	catches := flags.Bool("catch", false, "the child cleans up after a signal and leaves with 7")
	stays := flags.Bool("stay", false, "the child says what it is told, and stays")
	dies := flags.Bool("die", false, "the child leaves with ExitCode at once")
	ignores := flags.Int("ignore", 0, "a signal that the child ignores")
	leaves := flags.Int("leave", restarter.ExitCode, "what the child leaves with when it is told")
	flags.Parse(os.Args[1:])
	if build != "" {
		l.Build = []string{"/bin/sh", "-c", build}
	}
	if restarter.IsParent() {
		code := l.LaunchChild()
		fmt.Fprintln(os.Stderr, "parent leaves with", code, spent())
		os.Exit(code)
	}

	restarter.Track(file)
	signals := make(chan os.Signal, 16)
	if *catches {
		signal.Notify(signals, signalsToCatch...)
	}
	if *ignores > 0 {
		signal.Ignore(signalOf(*ignores))
	}
	fmt.Println("child", os.Getpid(), "of", os.Getppid(), "version", version(), held())
	if *dies {
		os.Exit(restarter.ExitCode)
	}
	cleanUp := func() { fmt.Println("cleaned up", os.Getpid()) }
	told, forget := restarter.NotifyContext(context.Background())
	defer forget()
	turned := told.Done()
	lines := make(chan string)
	go readLines(lines)
	for {
		select {
		case sig := <-signals:
			fmt.Println("got", sig)
			if !*stays {
				cleanUp()
				os.Exit(7)
			}
		case <-turned:
			turned = nil
			fmt.Println("told:", context.Cause(told))
			if !*stays {
				cleanUp()
				os.Exit(*leaves)
			}
		case line := <-lines:
			if line == "leave" {
				cleanUp()
				os.Exit(restarter.ExitCode)
			}
			obey(line)
		}
	}
}

// obey does what a line says.
func obey(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	n, _ := strconv.Atoi(rest)
	switch verb {
	case "exit":
		os.Exit(n)
	case "signal":
		signal.Reset(signalOf(n))
		self, _ := os.FindProcess(os.Getpid())
		self.Signal(signalOf(n))
	case "panic":
		panic("as told")
	case "write":
		if err := os.WriteFile(rest, []byte(time.Now().String()), 0o644); err != nil {
			panic(err)
		}
	case "echo":
		fmt.Println(rest)
	}
}

// readLines reads not one byte more than a line at a time: the rest is for the next child.
func readLines(lines chan<- string) {
	for {
		var line []byte
		for b := make([]byte, 1); b[0] != '\n'; {
			if n, _ := os.Stdin.Read(b); n == 0 {
				return
			}
			line = append(line, b[0])
		}
		lines <- strings.TrimRight(string(line), "\r\n")
	}
}

// version is the mark of the program: see markedProgram.
func version() string {
	exe, _ := os.Executable()
	f, err := os.Open(exe)
	if err != nil {
		return "?"
	}
	defer f.Close()
	head := make([]byte, 64<<10)
	n, _ := f.Read(head)
	hash := contentHash(head[:n])
	return "-" + hash[max(0, len(hash)-1):]
}

// held is what a child finds: how many descriptors and children its parent has, and how many
// entries there are in the private directory and in the one above it.
func held() string {
	count := func(pattern string) int {
		list, _ := filepath.Glob(pattern)
		return len(list)
	}
	parent := os.Getppid()
	return fmt.Sprintf("descriptors %d children %d private %d temporary %d", count(fmt.Sprintf("/proc/%d/fd/*", parent)),
		len(childrenOf(parent)), count(fmt.Sprintf("%s/restarter-%d-*/*", os.TempDir(), parent)), count(os.TempDir()+"/*"))
}

// childrenOf finds the children of a process, dead ones that nobody has waited for too,
// where there is a /proc.
func childrenOf(pid int) (children []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		data, _ := os.ReadFile(name)
		id, rest, _ := strings.Cut(string(data), " (")
		if end := strings.LastIndex(rest, ") "); end >= 0 {
			if f := strings.Fields(rest[end+2:]); len(f) > 1 && f[1] == strconv.Itoa(pid) {
				n, _ := strconv.Atoi(id)
				children = append(children, n)
			}
		}
	}
	return children
}

// spent is what the parent says in the end.
func spent() string {
	return fmt.Sprintf("goroutines %d children's processor time %d", runtime.NumGoroutine(), childrenTime().Microseconds())
}

// do has the child do something.
func (p *process) do(line string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.stdin, line); err != nil {
		p.t.Fatal(err)
	}
}

// child waits for the line that a child of talk prints, and returns its process id.
func (p *process) child() int {
	p.t.Helper()
	pid, _ := strconv.Atoi(p.await(`^child (\d+) `)[1])
	return pid
}

// pauses is what the parent says when it launches no child for a second or longer.
const pauses = `^restarter: the program keeps exiting with code \d+; launching it again in (\S+)$`

// childSoon is child, and ends a pause by a change of what the children track.
func (p *process) childSoon(tracked string) {
	p.t.Helper()
	if m := p.await(`^child (\d+) |` + pauses); m[1] == "" {
		save(p.t, tracked, time.Now().String())
		p.child()
	}
}
