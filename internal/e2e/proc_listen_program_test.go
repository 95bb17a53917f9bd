package e2e

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lib537/restarter"
)

// A server that keeps its sockets.

func init() { programs["listen"] = listenProgram }

const callVar = "RESTARTER_TEST_CALL" // the go command of listenProgram calls this address

// listenProgram does in every child what the lines of the file say that its first argument
// names, and is restarted when they change:
//
//	listen NETWORK ADDRESS
//	close           what was listened to last
//	remove PATH
//	chdir PATH
//	open            a file, and at the end see that it still is
//	read            a byte from standard input, before anything else
//	linger DURATION live for so long, before anything else
//	fail            leave with exit code 1
//	drain           after a stop signal close all that was listened to, and stay until a byte is read
//	grandchild      a program that says how many sockets it has
//
// If the first line is "both", the parent does the same before it launches. A child answers every
// line that a client sends with its process id, and leaves for a restart when it reads an r
// from standard input, or fails when it reads an f.
func listenProgram() {
	if filepath.Base(os.Args[0]) == "go" {
		callTest()
	}
	flags := flag.NewFlagSet("listen", flag.ExitOnError)
	var l restarter.Launcher
	flags.BoolVar(&l.WaitOnFailure, "wait", false, "")
	flags.DurationVar(&l.Overlap, "overlap", 0, "")
	flags.Parse(os.Args[1:])
	if restarter.IsParent() {
		if script, _ := os.ReadFile(flags.Arg(0)); strings.HasPrefix(string(script), "both\n") {
			(&listening{who: "parent"}).obey(string(script))
		}
		os.Exit(l.LaunchChild())
	}
	born := time.Now()
	restarter.Track(flags.Arg(0))
	script, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		panic(err)
	}
	here := listening{who: "child", born: born}
	here.obey(string(script))
	here.serve()
}

// listening is the state of a listenProgram.
type listening struct {
	who    string
	born   time.Time
	all    []net.Listener
	opened *os.File

	stopped chan os.Signal
}

// obey does what a script says.
func (l *listening) obey(script string) {
	for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
		word := strings.Fields(line)
		switch word[0] {
		case "listen":
			l.listen(word[1], word[2])
		case "close":
			l.all[len(l.all)-1].Close()
		case "remove":
			os.Remove(word[1])
		case "chdir":
			os.Chdir(word[1])
		case "open":
			var err error
			if l.opened, err = os.Open(os.Args[0]); err != nil {
				panic(err)
			}
		case "read":
			fmt.Println("reads")
			os.Stdin.Read(make([]byte, 1))
		case "linger":
			age, _ := time.ParseDuration(word[1])
			time.Sleep(time.Until(l.born.Add(age)))
		case "fail":
			os.Exit(1)
		case "drain":
			l.stopped = make(chan os.Signal, 1)
			signal.Notify(l.stopped, signalsToCatch...)
		case "grandchild":
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), programVar+"=sockets")
			out, err := cmd.CombinedOutput()
			fmt.Printf("%s's child has %s sockets %v\n", l.who, strings.TrimSpace(string(out)), err)
		}
	}
}

func (l *listening) listen(network, address string) {
	ln, err := restarter.Listen(network, address)
	if err != nil {
		fmt.Println(l.who, "error:", err)
		if l.who == "parent" {
			os.Exit(1)
		}
		return
	}
	l.all = append(l.all, ln)
	fmt.Println(l.who, "listens to", network, address, "at", ln.Addr())
}

// serve answers clients until it is time to leave.
func (l *listening) serve() {
	left := answer(l.all)
	told, stop := restarter.NotifyContext(context.Background())
	defer stop()
	fmt.Println("ready", os.Getpid())
	order := make(chan byte)
	go func() {
		one := make([]byte, 1) // no more: the rest is for the next child
		for {
			if n, err := os.Stdin.Read(one); n == 0 && err != nil {
				one[0] = 'q'
			}
			order <- one[0]
		}
	}()
	code := 0
	select {
	case <-told.Done():
		code = restarter.ExitCode
	case <-l.stopped:
		for _, ln := range l.all {
			ln.Close()
		}
		fmt.Println("drains")
		<-order
	case c := <-order:
		code = map[byte]int{'r': restarter.ExitCode, 'f': 1}[c]
	}
	for _, ln := range l.all {
		ln.Close()
	}
	left.Wait()
	if l.opened != nil {
		if _, err := l.opened.Stat(); err != nil {
			fmt.Println("error:", err)
		}
	}
	os.Exit(code)
}

// answer serves listeners until they are closed, and all that they have accepted. It
// returns what counts both.
func answer(all []net.Listener) *sync.WaitGroup {
	var left sync.WaitGroup
	for _, ln := range all {
		ln := ln
		left.Add(1)
		go func() {
			defer left.Done()
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				left.Add(1)
				go func() {
					defer left.Done()
					defer conn.Close()
					if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
						fmt.Fprintln(conn, os.Getpid())
					}
				}()
			}
		}()
	}
	return &left
}

// callTest is the go command of listenProgram: it says whose it is and what it has inherited,
// and fails.
func callTest() {
	conn, err := net.Dial("tcp", os.Getenv(callVar))
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(conn, os.Getppid(), socketsHere()-1) // one is conn
	conn.Close()
	os.Exit(1)
}

func socketsHere() int { return len(socketsOf("self")) }

// socketsOf returns the descriptors of a process that are sockets, where there is a /proc.
func socketsOf(process string) (list []string) {
	entries, err := os.ReadDir("/proc/" + process + "/fd")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		target, _ := os.Readlink("/proc/" + process + "/fd/" + e.Name())
		if strings.HasPrefix(target, "socket:") {
			list = append(list, target)
		}
	}
	slices.Sort(list)
	return list
}
