package restarter

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var underLoad = flag.Int("restarts", 100, "how often TestListenUnderLoad restarts its server")

func init() {
	programs["listen"] = listenProgram
	programs["net.Listen"] = plainProgram
	programs["sockets"] = func() { fmt.Println(socketsHere()) }
}

const (
	callVar = "RESTARTER_TEST_CALL" // the go command of listenProgram calls this address

	addressInUse = "(?i)address already in use|only one usage of each socket address|#10048"
)

// listenProgram does, in the parent and in every child, what the lines of the file say that
// its first argument names, so that a test changes the program without a build:
//
//	listen NETWORK ADDRESS
//	close           what was listened to last
//	remove PATH
//	expire          nobody asks for anything any more
//	open            a file, and at the end see that it still is
//	fail            leave with exit code 1, in the child
//	grandchild      a program that says how many sockets it has
//
// A child answers every line that a client sends with its process id, and leaves for a
// restart when it reads an r from standard input.
func listenProgram() {
	if filepath.Base(os.Args[0]) == "go" {
		callTest()
	}
	settled = 0 // else the children would be launched with back-off
	who := "child"
	if IsParent() {
		who = "parent"
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var all []net.Listener
	var opened *os.File
	for _, line := range strings.Split(strings.TrimSpace(string(script)), "\n") {
		switch word := strings.Fields(line); word[0] {
		case "listen":
			ln, err := Listen(word[1], word[2])
			if err != nil {
				fmt.Println(who, "error:", err)
				if IsParent() {
					os.Exit(1)
				}
				continue
			}
			all = append(all, ln)
			fmt.Println(who, "listens to", word[1], word[2], "at", ln.Addr())
		case "close":
			all[len(all)-1].Close()
		case "remove":
			os.Remove(word[1])
		case "expire":
			if IsChild() {
				sockets.settled.Reset(0)
			}
		case "open":
			if opened, err = os.Open(os.Args[1]); err != nil {
				panic(err)
			}
		case "fail":
			if IsChild() {
				os.Exit(1)
			}
		case "grandchild":
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), programVar+"=sockets")
			out, err := cmd.CombinedOutput()
			fmt.Printf("%s's child has %s sockets %v\n", who, strings.TrimSpace(string(out)), err)
		}
	}
	if IsParent() {
		os.Exit((&Launcher{WaitOnFailure: len(os.Args) > 2}).LaunchChild())
	}
	left := answer(all)
	fmt.Println("ready", os.Getpid())
	order := make(chan byte)
	go func() {
		one := make([]byte, 1) // no more: the rest is for the next child
		for {
			n, err := os.Stdin.Read(one)
			if n == 0 && err != nil {
				one[0] = 'q'
			}
			order <- one[0]
		}
	}()
	code := 0
	select {
	case <-turned.Done():
		code = ExitCode
	case c := <-order:
		if c == 'r' {
			code = ExitCode
		}
	}
	for _, ln := range all {
		ln.Close()
	}
	left.Wait()
	if opened != nil {
		if _, err := opened.Stat(); err != nil {
			fmt.Println("error:", err)
		}
	}
	os.Exit(code)
}

// plainProgram is listenProgram with net.Listen, in the child: its argument is the address.
func plainProgram() {
	settled = 0
	if IsParent() {
		os.Exit(LaunchChild())
	}
	ln, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		panic(err)
	}
	left := answer([]net.Listener{ln})
	fmt.Println("ready", os.Getpid())
	one := make([]byte, 1)
	n, _ := os.Stdin.Read(one)
	ln.Close()
	left.Wait()
	if n > 0 {
		os.Exit(ExitCode)
	}
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

// ask is a client with a new connection: it returns the process that has answered.
func ask(network, address string) (pid string, err error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, "who?"); err != nil {
		return "", err
	}
	text, err := io.ReadAll(conn)
	if err == nil && len(text) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return strings.TrimSpace(string(text)), err
}

// A listening is listenProgram in a test.
type listening struct {
	*process
	script string // the name of the file
}

func script(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "script")
	writeScript(t, name, lines...)
	return name
}

func writeScript(t testing.TB, name string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func startListening(t *testing.T, lines ...string) *listening {
	t.Helper()
	name := script(t, lines...)
	return &listening{start(t, command(t, "listen", name)), name}
}

// ready waits for a child to have asked for all, and returns its process id.
func (l *listening) ready() string {
	l.t.Helper()
	return l.await("^ready (.*)")[1]
}

// restart has the child leave for the next, which does what the lines say, if there are any.
func (l *listening) restart(lines ...string) {
	l.t.Helper()
	if len(lines) > 0 {
		writeScript(l.t, l.script, lines...)
	}
	if _, err := io.WriteString(l.stdin, "r"); err != nil {
		l.t.Fatal(err)
	}
}

// at waits for the child to listen to an address, and returns where that is.
func (l *listening) at(network, address string) string {
	l.t.Helper()
	return l.await("^child listens to " + network + " " + regexp.QuoteMeta(address) + " at (.*)")[1]
}

// stop ends the program, and the parent with it.
func (l *listening) stop() {
	l.t.Helper()
	l.stdin.Close()
	if code := l.exit(); code != 0 {
		l.t.Errorf("exit code %d", code)
	}
}

// answers checks that the child pid answers.
func (l *listening) answers(pid, network, address string) {
	l.t.Helper()
	if got, err := ask(network, address); err != nil || got != pid {
		l.t.Errorf("%s %s: answer %q, %v, want process %s", network, address, got, err, pid)
	}
}

// free checks that an address can be listened to.
func free(t *testing.T, network, address string) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Error(err)
		return
	}
	ln.Close()
}

// awaitClosed waits for a socket to be closed that nobody serves: a connection that waits
// in its queue is reset then.
func awaitClosed(t *testing.T, network, address string) {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		return // it is closed already
	}
	defer conn.Close()
	giveUp(t, conn)
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("%s %s: read %d bytes", network, address, n)
	}
	if conn, err := net.Dial(network, address); err == nil {
		conn.Close()
		t.Errorf("%s %s is not closed", network, address)
	}
}

// giveUp ends what waits for the network shortly before the test's deadline.
func giveUp(t *testing.T, waits interface{ SetDeadline(time.Time) error }) {
	if deadline, ok := t.Deadline(); ok {
		waits.SetDeadline(deadline.Add(-10 * time.Second))
	}
}

// freePort returns an address that nobody listens to, as good as certain.
func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// socketPath returns a short name: that of a Unix socket has at most some 100 bytes.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func needsInheritance(t *testing.T) {
	t.Helper()
	if !inherits {
		t.Skip("a process cannot inherit sockets here")
	}
}

// A load is clients that ask without a pause, each time by a new connection.
type load struct {
	stop   chan struct{}
	done   sync.WaitGroup
	mu     sync.Mutex
	took   []time.Duration
	failed map[string]int // by what went wrong
}

func startLoad(clients int, request func() error) *load {
	l := &load{stop: make(chan struct{}), failed: make(map[string]int)}
	for i := 0; i < clients; i++ {
		l.done.Add(1)
		go func() {
			defer l.done.Done()
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				began := time.Now()
				err := request()
				l.mu.Lock()
				l.took = append(l.took, time.Since(began))
				if err != nil {
					l.failed[kindOf(err)]++
				}
				l.mu.Unlock()
			}
		}()
	}
	return l
}

func kindOf(err error) string {
	text := err.Error() // not every system has all these errors as values
	switch {
	case strings.Contains(text, "refused"), errors.Is(err, os.ErrNotExist):
		return "refused"
	case strings.Contains(text, "reset"), strings.Contains(text, "broken pipe"), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "reset"
	}
	return text
}

// end stops the clients when each has its answer, and sorts the times that they took.
func (l *load) end() {
	close(l.stop)
	l.done.Wait()
	slices.Sort(l.took)
}

// share returns the time within which this share of the requests was answered.
func (l *load) share(of float64) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	return l.took[int(of*float64(len(l.took)-1))]
}

func (l *load) String() string {
	return fmt.Sprintf("%d requests: p50 %v, p99 %v, max %v; failed: %v",
		len(l.took), l.share(0.5), l.share(0.99), l.share(1), l.failed)
}

func TestListenUnderLoad(t *testing.T) {
	needsInheritance(t)
	times := *underLoad
	if testing.Short() {
		times = 10
	}
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = socketPath(t)
			}
			l := startListening(t, "listen "+network+" "+address)
			where := l.at(network, address)
			last := l.ready()
			load := startLoad(16, func() error {
				_, err := ask(network, where)
				return err
			})
			for i := 0; i < times; i++ {
				l.restart()
				if now := l.at(network, address); now != where {
					t.Fatalf("listens to %s, then to %s", where, now)
				}
				pid := l.ready()
				if pid == last {
					t.Fatal("the child was not restarted")
				}
				last = pid
			}
			load.end()
			l.stop()
			t.Logf("%d restarts, %v", times, load)
			if len(load.failed) > 0 {
				t.Errorf("requests have failed: %v", load.failed)
			}
			if len(load.took) < times {
				t.Errorf("%d requests are no load", len(load.took))
			}
		})
	}
}

func TestListenNetworks(t *testing.T) {
	needsInheritance(t)
	path := socketPath(t)
	for _, name := range []string{
		"tcp 127.0.0.1:0", "tcp :0", "tcp localhost:0", "tcp4 :0", "tcp6 [::1]:0",
		"unix " + path, "unixpacket " + path + "p", "unix @restarter-test-" + fmt.Sprint(os.Getpid()),
	} {
		t.Run(name, func(t *testing.T) {
			network, address, _ := strings.Cut(name, " ")
			ln, err := net.Listen(network, address)
			if err != nil {
				t.Skip(err) // not on this system
			}
			ln.Close()
			l := startListening(t, "listen "+name)
			where := l.at(network, address)
			l.answers(l.ready(), network, where)
			l.restart()
			if again := l.at(network, address); again != where {
				t.Errorf("listens to %s, then to %s", where, again)
			}
			l.answers(l.ready(), network, where)
			l.stop()
			free(t, network, where)
		})
	}
}

// A child that is slow to start keeps clients waiting, and that is all.
func TestListenQueues(t *testing.T) {
	needsInheritance(t)
	l := startListening(t, "listen tcp 127.0.0.1:0")
	where := l.at("tcp", "127.0.0.1:0")
	l.ready()
	// The next child reads its script from a pipe: it waits for us to write it.
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := exec.Command("mkfifo", fifo).Run(); err != nil {
		t.Skip(err)
	}
	os.Remove(l.script)
	if err := os.Rename(fifo, l.script); err != nil {
		t.Fatal(err)
	}
	l.restart()
	pipe, err := os.OpenFile(l.script, os.O_WRONLY, 0) // once there is a reader
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", where)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "who?")
	if _, err := pipe.WriteString("listen tcp 127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	pipe.Close()
	pid := l.ready()
	text, err := io.ReadAll(conn)
	if err != nil || strings.TrimSpace(string(text)) != pid {
		t.Errorf("answer %q, %v, want process %s", text, err, pid)
	}
	l.stop()
}

func TestListenAnyOrder(t *testing.T) {
	needsInheritance(t)
	path := socketPath(t)
	a, b := "listen tcp 127.0.0.1:0", "listen unix "+path
	l := startListening(t, a, a, b)
	first, second := l.at("tcp", "127.0.0.1:0"), l.at("tcp", "127.0.0.1:0")
	l.ready()
	if first == second {
		t.Fatal("two sockets on one port")
	}
	l.restart(b, a, a)
	if where := l.at("unix", path); where != path {
		t.Errorf("listens to %s, not to %s", where, path)
	}
	if f, s := l.at("tcp", "127.0.0.1:0"), l.at("tcp", "127.0.0.1:0"); f != first || s != second {
		t.Errorf("listens to %s and %s, then to %s and %s", first, second, f, s)
	}
	pid := l.ready()
	l.answers(pid, "tcp", first)
	l.answers(pid, "tcp", second)
	l.answers(pid, "unix", path)
	l.stop()
}

// As with net.Listen, an address is not given out twice, unless it was closed.
func TestListenTwice(t *testing.T) {
	needsInheritance(t)
	zero, fixed := "127.0.0.1:0", freePort(t)
	l := startListening(t, "listen tcp "+zero, "listen tcp "+fixed, "close", "listen tcp "+fixed)
	first := l.at("tcp", zero)
	l.at("tcp", fixed)
	l.at("tcp", fixed)
	l.ready()
	l.restart("listen tcp "+fixed, "listen tcp "+fixed, "listen tcp "+zero, "listen tcp "+zero)
	l.at("tcp", fixed)
	l.await("^child error: .*(" + addressInUse + ")")
	if again := l.at("tcp", zero); again != first {
		t.Errorf("listens to %s, then to %s", first, again)
	}
	second := l.at("tcp", zero)
	if second == first {
		t.Error("two sockets on one port")
	}
	pid := l.ready()
	l.answers(pid, "tcp", fixed)
	l.answers(pid, "tcp", first)
	l.answers(pid, "tcp", second)
	l.stop()
}

func TestListenUnixFile(t *testing.T) {
	needsInheritance(t)
	there := func(t *testing.T, path string, want bool) {
		t.Helper()
		if _, err := os.Lstat(path); (err == nil) != want {
			t.Errorf("the file of the socket: %v", err)
		}
	}
	t.Run("stays", func(t *testing.T) {
		path := socketPath(t)
		l := startListening(t, "listen unix "+path)
		l.ready()
		before, _ := os.Lstat(path)
		l.restart()
		l.ready()
		if now, err := os.Lstat(path); err != nil || !os.SameFile(before, now) {
			t.Errorf("the file of the socket is another: %v", err)
		}
		l.stop()
		there(t, path, false)
	})
	t.Run("relative", func(t *testing.T) {
		path := socketPath(t)
		cmd := command(t, "listen", script(t, "listen unix s"))
		cmd.Dir = filepath.Dir(path)
		l := &listening{start(t, cmd), cmd.Args[1]}
		l.ready()
		l.answers(l.process.output()[len(l.process.output())-1][len("ready "):], "unix", path)
		l.restart("listen unix " + path) // is the same file by another name
		l.at("unix", path)
		l.answers(l.ready(), "unix", path)
		l.stop()
		there(t, path, false)
	})
	// What many a program does, since net.Listen fails where a dead one has left its file.
	t.Run("removed", func(t *testing.T) {
		path := socketPath(t)
		l := startListening(t, "remove "+path, "listen unix "+path)
		l.answers(l.ready(), "unix", path)
		for i := 0; i < 3; i++ {
			l.restart()
			l.answers(l.ready(), "unix", path)
		}
		l.stop()
		there(t, path, false)
	})
	// Another program may have taken over the name.
	t.Run("foreign", func(t *testing.T) {
		path := socketPath(t)
		l := startListening(t, "listen unix "+path)
		l.ready()
		os.Remove(path)
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		l.restart()
		l.await("^child error: listen unix .*(" + addressInUse + ")")
		l.ready()
		l.stop()
		there(t, path, true)
	})
	t.Run("cannot launch", func(t *testing.T) {
		path := socketPath(t)
		cmd := command(t, "listen", script(t, "listen unix "+path))
		nowhere := filepath.Join(t.TempDir(), "nowhere")
		cmd.Env = append(cmd.Env, "TMPDIR="+nowhere, "GOTMPDIR="+nowhere)
		p := start(t, cmd)
		p.await("^restarter: cannot launch: ")
		if code := p.exit(); code != 1 {
			t.Errorf("exit code %d", code)
		}
		there(t, path, false)
	})
}

func TestListenParentKilled(t *testing.T) {
	needsInheritance(t)
	path := socketPath(t)
	cmd := command(t, "listen", script(t, "listen tcp 127.0.0.1:0", "listen unix "+path))
	r, w, err := os.Pipe() // that stays open when the parent is gone
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	cmd.Stdin = r
	l := &listening{start(t, cmd), cmd.Args[1]}
	l.stdin = w
	where := l.at("tcp", "127.0.0.1:0")
	l.ready()
	l.restart() // a child that has not opened the sockets itself, nor was there when they were
	l.ready()
	if err := l.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	l.exit()
	l.awaitEnd()
	free(t, "tcp", where)
	free(t, "unix", path)
}

func TestListenAddressInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	l := startListening(t, "listen tcp "+other.Addr().String())
	l.await("^parent error: listen tcp .*(" + addressInUse + ")")
	if code := l.exit(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	l.awaitEnd()
	if n := l.count("^child|^ready"); n > 0 {
		t.Error("a child was started")
	}
}

func TestListenOff(t *testing.T) {
	name := script(t, "listen tcp 127.0.0.1:0")
	cmd := command(t, "listen", name)
	cmd.Env = append(cmd.Env, variable+"=off")
	l := &listening{start(t, cmd), name}
	where := l.at("tcp", "127.0.0.1:0")
	pid := l.ready()
	if pid != fmt.Sprint(l.cmd.Process.Pid) {
		t.Error("a child was started")
	}
	l.answers(pid, "tcp", where)
	l.stop()
	free(t, "tcp", where)
}

// A program that never launches a child is in the role of a parent for ever, as this test.
func TestListenNeverLaunched(t *testing.T) {
	address := freePort(t)
	for i := 0; i < 3; i++ {
		ln, err := Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Listen("tcp", address); err == nil {
			t.Error("listens to one address twice")
		}
		left := answer([]net.Listener{ln})
		if got, err := ask("tcp", address); err != nil || got != fmt.Sprint(os.Getpid()) {
			t.Errorf("answer %q, %v", got, err)
		}
		ln.Close()
		left.Wait()
	}
	if n := len(sockets.all); n > 1 {
		t.Errorf("%d sockets that were closed are still known", n)
	}
	sockets.all = nil
	for _, bad := range [][2]string{{"udp", ":0"}, {"tcp", "nonsense"}, {"", ""}} {
		_, got := Listen(bad[0], bad[1])
		_, want := net.Listen(bad[0], bad[1])
		if got == nil || got.Error() != want.Error() {
			t.Errorf("%q: %v, want %v", bad, got, want)
		}
	}
}

// Without Listen there is a gap, but no "address already in use".
func TestNetListenRestarts(t *testing.T) {
	address := freePort(t)
	l := &listening{process: start(t, command(t, "net.Listen", address))}
	for i := 0; i < 10; i++ {
		l.answers(l.ready(), "tcp", address)
		l.restart()
	}
	l.ready()
	l.stop()
}

// Where sockets are not inherited there is a gap, but no other difference.
func TestListenRestarts(t *testing.T) {
	address := freePort(t)
	l := startListening(t, "listen tcp "+address)
	for i := 0; i < 3; i++ {
		l.at("tcp", address)
		l.answers(l.ready(), "tcp", address)
		l.restart()
	}
	l.ready()
	l.stop()
	free(t, "tcp", address)
}

func TestListenNotAskedFor(t *testing.T) {
	needsInheritance(t)
	path := socketPath(t)
	kept, lost := "listen tcp4 127.0.0.1:0", "listen tcp 127.0.0.1:0"
	l := startListening(t, lost, kept, "listen unix "+path)
	where := l.at("tcp", "127.0.0.1:0")
	stays := l.at("tcp4", "127.0.0.1:0")
	l.ready()
	l.restart(kept)
	pid := l.ready()
	awaitClosed(t, "tcp", where)
	awaitClosed(t, "unix", path)
	if exists(path) {
		t.Error("the file of the socket is still there")
	}
	free(t, "tcp", where)
	l.answers(pid, "tcp", stays)

	// It is the first now that was the second.
	l.restart(lost, kept, "listen unix "+path)
	if again := l.at("tcp4", "127.0.0.1:0"); again != stays {
		t.Errorf("listens to %s, then to %s", stays, again)
	}
	pid = l.ready()
	l.answers(pid, "tcp", stays)
	l.answers(pid, "unix", path)
	l.stop()
}

func TestListenNothingAskedFor(t *testing.T) {
	needsInheritance(t)
	l := startListening(t, "listen tcp 127.0.0.1:0")
	where := l.at("tcp", "127.0.0.1:0")
	l.ready()
	l.restart("expire")
	l.ready()
	awaitClosed(t, "tcp", where)
	// The next child inherits nothing, and keeps its hands off the descriptors that it opens.
	l.restart("open")
	l.ready()
	l.restart("open", "listen tcp 127.0.0.1:0")
	l.answers(l.ready(), "tcp", l.lastAddress())
	l.stop()
	if n := l.count("^error"); n > 0 {
		t.Error("a file of the program was closed")
	}
}

// lastAddress returns where the last child listens, once it is ready.
func (l *listening) lastAddress() (where string) {
	for _, line := range l.output() {
		if _, after, ok := strings.Cut(line, " at "); ok {
			where = after
		}
	}
	return where
}

func TestListenOtherAddress(t *testing.T) {
	needsInheritance(t)
	old, _ := net.ResolveTCPAddr("tcp", freePort(t))
	for _, test := range []struct{ name, old, new string }{
		{"port", "tcp " + old.String(), "tcp " + freePort(t)},
		{"host", "tcp " + old.String(), fmt.Sprintf("tcp :%d", old.Port)},
		{"one host", fmt.Sprintf("tcp :%d", old.Port), "tcp " + old.String()},
		{"network", "tcp " + old.String(), "tcp4 " + old.String()},
		{"to unix", "tcp " + old.String(), "unix " + socketPath(t)},
		{"host name", "tcp " + old.String(), fmt.Sprintf("tcp localhost:%d", old.Port)},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := startListening(t, "listen "+test.old)
			network, address, _ := strings.Cut(test.old, " ")
			l.at(network, address)
			l.answers(l.ready(), network, address)
			l.restart("listen " + test.new)
			newNetwork, newAddress, _ := strings.Cut(test.new, " ")
			l.at(newNetwork, newAddress)
			pid := l.ready()
			l.answers(pid, newNetwork, newAddress)
			if test.name == "port" || test.name == "to unix" {
				awaitClosed(t, network, address)
				free(t, network, address)
			}
			// And back again, over a child that has it from nobody.
			l.restart("listen " + test.old)
			l.at(network, address)
			l.answers(l.ready(), network, address)
			l.stop()
			free(t, network, address)
		})
	}
}

// What the program has closed is in the way of nobody, as with net.Listen.
func TestListenAfterClose(t *testing.T) {
	needsInheritance(t)
	old, _ := net.ResolveTCPAddr("tcp", freePort(t))
	wide := fmt.Sprintf(":%d", old.Port)
	l := startListening(t, "listen tcp "+old.String())
	l.ready()
	l.restart("listen tcp "+old.String(), "close", "listen tcp "+wide)
	l.at("tcp", wide)
	l.answers(l.ready(), "tcp", old.String())
	l.stop()
}

// The port that port 0 became is a number that somebody may come to like.
func TestListenPortMadeFixed(t *testing.T) {
	needsInheritance(t)
	l := startListening(t, "listen tcp 127.0.0.1:0")
	where := l.at("tcp", "127.0.0.1:0")
	l.ready()
	l.restart("listen tcp " + where)
	l.at("tcp", where)
	l.answers(l.ready(), "tcp", where)
	l.stop()
}

// An address that is in use by another program is an error in the child too, and no reason
// to give up what the program has.
func TestListenInUseInChild(t *testing.T) {
	needsInheritance(t)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	l := startListening(t, "listen tcp 127.0.0.1:0")
	where := l.at("tcp", "127.0.0.1:0")
	l.ready()
	l.restart("listen tcp "+other.Addr().String(), "listen tcp 127.0.0.1:0")
	l.await("^child error: listen tcp .*(" + addressInUse + ")")
	if again := l.at("tcp", "127.0.0.1:0"); again != where {
		t.Errorf("listens to %s, then to %s", where, again)
	}
	l.ready()
	l.stop()
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

// socketsOf returns the descriptors of a process that are sockets.
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

func TestListenDescriptors(t *testing.T) {
	used.Store("sockets", true) // the child starts it, below
	if runtime.GOOS != "linux" {
		t.Skip("looks at /proc")
	}
	calls, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer calls.Close()
	giveUp(t, calls.(*net.TCPListener))
	called := func(by string) { // among others
		t.Helper()
		for got := ""; got != by; {
			conn, err := calls.Accept()
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(conn)
			conn.Close()
			var n string
			got, n, _ = strings.Cut(strings.TrimSpace(string(text)), " ")
			if n != "0" {
				t.Errorf("the go command of process %s has %s sockets", got, n)
			}
		}
	}

	both := []string{"listen tcp 127.0.0.1:0", "listen unix " + socketPath(t)}
	bin := t.TempDir()
	if err := os.Symlink(executable(t), filepath.Join(bin, "go")); err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, more ...string) (l *listening, parent string) {
		name := script(t, append(both, more...)...)
		cmd := command(t, "listen", name, "wait on failure")
		cmd.Env = append(cmd.Env, "PATH="+bin, callVar+"="+calls.Addr().String())
		l = &listening{start(t, cmd), name}
		return l, fmt.Sprint(l.cmd.Process.Pid)
	}

	t.Run("child", func(t *testing.T) {
		l, parent := run(t, "grandchild")
		l.await("^child's child has 0 sockets <nil>")
		pid := l.ready()
		called(pid)
		inParent, inChild := socketsOf(parent), socketsOf(pid)
		if len(inParent) != 2 || len(inChild) == 0 {
			t.Errorf("sockets in the parent: %q, in the child: %q", inParent, inChild)
		}
		for i := 0; i < 5; i++ {
			l.restart()
			l.await("^child's child has 0 sockets <nil>")
			pid = l.ready()
			if now := socketsOf(pid); !slices.Equal(now, inChild) {
				t.Errorf("sockets in the first child: %q, later: %q", inChild, now)
			}
			if now := socketsOf(parent); !slices.Equal(now, inParent) {
				t.Errorf("sockets in the parent: %q, later: %q", inParent, now)
			}
		}
		l.stop()
	})
	// Where there is no child the parent calls the go command.
	t.Run("parent", func(t *testing.T) {
		l, parent := run(t, "fail")
		l.await("waiting for a change")
		called(parent)
		l.cmd.Process.Signal(terminate)
		l.exit()
	})
}

// The example, as it is, under load: no request is lost whatever is edited.
func TestListenExample(t *testing.T) {
	needsInheritance(t)
	edits := *underLoad / 50
	files := []string{}
	for _, name := range []string{"main.go", "serve.go", "page.html", "web.conf"} {
		data, err := os.ReadFile(filepath.Join("examples", "web", name))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, name, string(data))
	}
	m := newModule(t, files...)
	p := m.start("-addr", "127.0.0.1:0")
	serves := `version (\d+), process (\d+), serves http://(.*)/$`
	where := p.await(serves)[3]
	load := startLoad(16, func() error {
		conn, err := net.Dial("tcp", where)
		if err != nil {
			return err
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		text, err := io.ReadAll(conn)
		if err == nil && !strings.HasPrefix(string(text), "HTTP/1.1 200 ") {
			err = fmt.Errorf("answer %.40q: %w", text, io.ErrUnexpectedEOF)
		}
		return err
	})
	for i := 0; i < edits; i++ {
		m.replace("main.go", fmt.Sprintf("version = \"%d\"", i+1), fmt.Sprintf("version = \"%d\"", i+2))
		if got := p.await(serves); got[1] != fmt.Sprint(i+2) || got[3] != where {
			t.Fatal(got)
		}
		m.swap("web.conf", fmt.Sprint("edit ", i), time.Now()) // needs no build
		if got := p.await(serves); got[3] != where {
			t.Fatal(got)
		}
	}
	load.end()
	t.Logf("%d restarts, %v", 2*edits, load)
	if len(load.failed) > 0 {
		t.Errorf("requests have failed: %v", load.failed)
	}
	p.cmd.Process.Signal(terminate)
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// awaitEnd waits for all processes of the family to be gone.
func (p *process) awaitEnd() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.ended {
		p.more.Wait()
	}
}
