package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

// Successors that have to prove themselves.

var badSaves = flag.Int("bad", 8, "how many bad saves a server survives")

func init() { programs["overlap"] = overlapProgram }

// overlapProgram is a server that starts as its first argument, a file, says, and is restarted when
// that changes:
//
//	serve       at once
//	slow        after two seconds
//	lives       at once, and says so after six seconds
//	late        fail a moment later
//	writes      to a file that it then tracks, and a moment later
//	panic, 0, 75  end like this
//	hang        and never serve, and take its time to leave
//	alone       serve nothing, and wait to be told
//	drain       serve, and when told to leave not before standard input ends
//	short       serve, and fail before long
func overlapProgram() {
	flags := flag.NewFlagSet("overlap", flag.ExitOnError)
	address := flags.String("listen", "127.0.0.1:0", "")
	var l restarter.Launcher
	flags.DurationVar(&l.Overlap, "overlap", time.Minute, "")
	flags.BoolVar(&l.WaitOnFailure, "wait", false, "")
	flags.Parse(os.Args[1:])
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}
	restarter.Track(flags.Arg(0))
	script, _ := os.ReadFile(flags.Arg(0))
	how, _, _ := strings.Cut(string(script), " ")
	fmt.Println("begins", how, os.Getpid())
	ctx, stop := signal.NotifyContext(context.Background(), stopsOfOverlap...)
	defer stop()
	stopped := ctx
	ctx, forget := restarter.NotifyContext(ctx)
	defer forget()
	switch how {
	case "panic":
		panic("this is meant to be")
	case "late":
		time.Sleep(50 * time.Millisecond)
		panic("this is meant to be")
	case "0":
		os.Exit(0)
	case "75":
		os.Exit(restarter.ExitCode)
	case "hang":
		<-stopped.Done()
		time.Sleep(300 * time.Millisecond)
		fmt.Println("left", os.Getpid())
		os.Exit(7)
	case "slow":
		time.Sleep(2 * time.Second)
	case "lives":
		time.Sleep(time.Second / 2)
		time.AfterFunc(5500*time.Millisecond, func() { fmt.Println("lives", os.Getpid()) })
	case "writes":
		os.WriteFile(flags.Arg(0)+".pid", []byte(strconv.Itoa(os.Getpid())), 0o644)
		restarter.Track(flags.Arg(0) + ".pid")
		time.Sleep(200 * time.Millisecond)
	}
	if how != "alone" {
		ln, err := restarter.Listen("tcp", *address)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("listens", ln.Addr())
		fmt.Println("serves", os.Getpid()) // before the old one can be told
		left := answer([]net.Listener{ln})
		if how == "short" {
			time.Sleep(100 * time.Millisecond)
			fmt.Println("fails", os.Getpid())
			os.Exit(9)
		}
		<-ctx.Done()
		ln.Close()
		left.Wait()
	}
	<-ctx.Done()
	fmt.Println("told", os.Getpid(), context.Cause(ctx))
	if how == "drain" {
		os.Stdin.Read(make([]byte, 1))
	}
	if !errors.Is(context.Cause(ctx), restarter.ErrChanged) {
		os.Exit(5)
	}
	os.Exit(restarter.ExitCode)
}

// An overlapping is a running overlapProgram.
type overlapping struct {
	*process
	file  string
	saves int
}

func startOverlapping(t *testing.T, how string, args ...string) *overlapping {
	t.Helper()
	o := &overlapping{file: filepath.Join(t.TempDir(), "file")}
	save(t, o.file, how+" 0")
	o.process = start(t, command(t, "overlap", append(args, o.file)...))
	return o
}

// save has the next process start like this.
func (o *overlapping) save(how string) {
	o.t.Helper()
	o.saves++
	save(o.t, o.file+"~", fmt.Sprint(how, " ", o.saves))
	rename(o.t, o.file+"~", o.file)
}

// begins waits for a process that starts like this, and returns its number.
func (o *overlapping) begins(how string) string {
	o.t.Helper()
	return o.await("^begins " + how + ` (\d+)$`)[1]
}

// serves waits for a server, and returns its number.
func (o *overlapping) serves() string {
	o.t.Helper()
	return o.await(`^serves (\d+)$`)[1]
}

// where returns the address of the first server, which stays the same.
func (o *overlapping) where() string {
	o.t.Helper()
	return o.await("^listens (.*)$")[1]
}

// under puts a load on the server. The function that it returns ends that, and fails the test if a
// request has failed.
func under(t *testing.T, where string) (end func() *load) {
	l := startLoad(func() error {
		_, err := question("tcp", where)
		return err
	})
	return func() *load {
		t.Helper()
		l.end()
		t.Log(l)
		if len(l.failed) > 0 || len(l.took) == 0 {
			t.Errorf("requests have failed: %v", l.failed)
		}
		return l
	}
}

// quit stops the parent, and with it all others.
func (o *overlapping) quit(code int) {
	o.t.Helper()
	stop(o.t, o.cmd.Process.Pid)
	o.wantExit(code)
	if left := entries(o.t, o.tmp); len(left) > 0 {
		o.t.Errorf("left in the temporary directory: %v", left)
	}
}

// A successor that ends before it is ready costs its message. The process that runs serves on, and the next
// good one follows it.
func TestOverlapKeepsWhatRuns(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "serve")
	where, old := o.where(), o.serves()
	end := under(t, where)
	bad := []string{"panic", "late", "0", "75"}
	for i := 0; i < *badSaves; i++ {
		how := bad[i%len(bad)]
		o.save(how)
		o.begins(how)
		code := o.await("^restarter: the new program exited with code (.*) after .*, before it was ready; the old one keeps running$")[1]
		if want := map[string]string{"panic": "2", "late": "2"}[how]; code != want && code != how {
			t.Errorf("%s leaves with %s", how, code)
		}
		if got, err := question("tcp", where); got != old {
			t.Fatalf("process %s serves, %v, want %s", got, err, old)
		}
	}
	o.save("serve")
	next := o.serves()
	o.await("^told " + old + " .*file$")
	o.save("hang")
	hung := o.begins("hang")
	o.save("serve") // which ends that
	last := o.serves()
	o.await("^told " + next + " ")
	end()
	if got, err := question("tcp", where); got != last || got == hung {
		t.Errorf("process %s serves, %v, want %s", got, err, last)
	}
	o.quit(5)
	o.expect(*badSaves+4, "^begins ")
}

// Its start costs clients nothing.
func TestOverlapHidesTheStart(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "serve")
	where := o.where()
	o.serves()
	end := under(t, where)
	for i := 0; i < 2; i++ {
		o.save("slow")
		o.serves()
		o.await("^told ")
	}
	if longest := end().share(1); longest > time.Second/2 {
		t.Errorf("a client has waited for %v", longest)
	}
	o.quit(5)
}

func TestOverlapUnderLoad(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "serve")
	where, last := o.where(), o.serves()
	end := under(t, where)
	for i := 0; i < *underLoad; i++ {
		o.save("serve")
		next := o.serves()
		o.await("^told " + last + " ")
		last = next
	}
	end()
	if got, err := question("tcp", where); got != last {
		t.Errorf("process %s serves, %v, want %s", got, err, last)
	}
	o.quit(5)
	o.expect(*underLoad+1, "^begins ")
	o.expect(0, "keeps running")
}

// One that never accepts is ready when it has lived for so long, and not before.
func TestOverlapByTime(t *testing.T) {
	slow(t)
	o := startOverlapping(t, "alone", "-overlap=300ms")
	old := o.begins("alone")
	o.save("late")
	o.await("before it was ready")
	o.expect(0, "^told ")
	o.save("alone")
	began := time.Now()
	o.begins("alone")
	o.await("^told " + old + " ")
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("ready after %v", took)
	}
	o.quit(5)
}

// A successor that writes what the old one tracks, and then tracks it itself, is not started for that again.
func TestOverlapOfOneThatWritesWhatIsTracked(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "writes")
	last := o.serves()
	for _, how := range []string{"writes", "writes", "serve"} {
		o.save(how)
		next := o.serves()
		o.await("^told " + last + " .*file$")
		last = next
	}
	o.quit(5)
	o.expect(4, "^begins ")
}

// There are two processes, never three: while the old one drains, and while a newer successor waits.
func TestOverlapOfTwo(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "drain")
	first := o.serves()
	o.save("serve")
	second := o.serves()
	o.await("^told " + first + " ")
	o.save("serve") // while the first drains
	o.await("file changed; restarting$")
	o.stdin.Close()
	third := o.serves()
	o.await("^told " + second + " ")
	if third == second {
		t.Error("not restarted")
	}
	o.quit(5)
	o.expect(3, "^begins ")
}

// If the old process dies, its successor is the child from then on, ready or not.
func TestOverlapOldOneDies(t *testing.T) {
	slow(t)
	needsInheritance(t)
	for _, wait := range []bool{false, true} {
		o := startOverlapping(t, "serve", fmt.Sprintf("-wait=%t", wait))
		where, old := o.where(), o.serves()
		o.save("slow")
		o.begins("slow")
		kill(t, old)
		pid := o.serves()
		if got, err := question("tcp", where); got != pid {
			t.Errorf("process %s serves, %v, want %s", got, err, pid)
		}
		if wait { // nobody waits for the end of the new child
			o.save("lives")
			o.begins("lives")
			kill(t, pid)
			pid = o.serves()
			o.await("^lives " + pid + "$")
			o.expect(0, "waiting for the program to exit")
		}
		o.save("hang")
		hung := o.begins("hang")
		kill(t, pid)
		kill(t, hung) // the rules without Overlap: there is nothing else that serves
		if wait {
			o.await("^restarter: the program failed with exit code 137; waiting for a change$")
			o.save("serve")
			o.serves()
			o.quit(5)
		} else {
			o.wantExit(137)
		}
	}
}

// A successor that was ready is in charge, though the old one has not left yet: if it fails by then, the
// rules without Overlap apply.
func TestOverlapFailsOnceReady(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "drain")
	first := o.serves()
	o.save("short")
	next := o.serves()
	o.await("^told " + first + " ")
	o.await("^fails " + next + "$")
	ended := "^restarter: the new program exited with code 9 after .*; the old one is still exiting$"
	o.await(ended)
	o.stdin.Close()
	o.wantExit(9)
	o.expect(1, ended)
	o.expect(2, "^begins ")
	o.expect(0, "keeps running$")
}

// If the process in charge leaves first when the parent is stopped, the parent waits for the other.
func TestOverlapIsStoppedAndWaits(t *testing.T) {
	slow(t)
	needsInheritance(t)
	o := startOverlapping(t, "serve")
	first := o.serves()
	o.save("hang")
	hung := o.begins("hang")
	stop(t, o.cmd.Process.Pid)
	if code := o.exit(); code != 5 {
		t.Errorf("exit code %d, not that of %s", code, first)
	}
	if left := o.count("^left " + hung + "$"); left != 1 {
		t.Errorf("%d of the other processes had left", left)
	}
	o.drain()
}

// Whoever is there when the parent is stopped leaves, each told once. The exit code is that of the
// process in charge.
func TestOverlapIsStopped(t *testing.T) {
	slow(t)
	needsInheritance(t)
	for _, how := range []string{"hang", "serve"} {
		o := startOverlapping(t, "drain")
		first := o.serves()
		o.save(how)
		second := o.begins(how)
		if how == "serve" {
			o.serves()
			o.await("^told " + first + " .*file$")
		}
		stop(t, o.cmd.Process.Pid)
		if how == "hang" {
			o.await("^told " + first + " ")
		} else {
			o.await("^told " + second + " ")
		}
		o.stdin.Close()
		o.wantExit(5)
		o.expect(0, "keeps running$")
		if left := entries(t, o.tmp); len(left) > 0 {
			t.Errorf("left in the temporary directory: %v", left)
		}
	}
}

// An executable that cannot be started replaces nothing.
func TestOverlapOfADeploy(t *testing.T) {
	slow(t)
	needsInheritance(t)
	whole := markedProgram(t, 'X')
	exe := filepath.Join(t.TempDir(), "app")
	copyProgram(t, exe, 'A')
	file := tempFile(t)
	save(t, file, "serve 0")
	cmd := command(t, "overlap", file)
	cmd.Path, cmd.Args[0] = exe, exe
	o := &overlapping{process: start(t, cmd), file: file}
	where, old := o.where(), o.serves()
	end := under(t, where)
	for i, b := range broken {
		put(t, exe, b.make(whole), b.mode)
		o.await("app was replaced, but cannot run: .*; the old program keeps running$")
		if i == 0 {
			put(t, exe, unstartable(t, append(whole, 'x')), 0o755)
			o.await("^restarter: cannot start the new program: .*; the old one keeps running$")
		}
		if got, err := question("tcp", where); got != old {
			t.Fatalf("process %s serves, %v, want %s", got, err, old)
		}
	}
	deploy(t, exe, 'B')
	o.await("app was replaced; restarting$")
	next := o.serves()
	o.await("^told " + old + " ")
	o.save("panic") // what was deployed is what runs
	o.await("before it was ready")
	end()
	if got, err := question("tcp", where); got != next {
		t.Errorf("process %s serves, %v, want %s", got, err, next)
	}
	o.quit(5)
}

// A successor that wants another address on the port of the old one gets it when that has left.
func TestOverlapOfAnotherAddress(t *testing.T) {
	slow(t)
	needsInheritance(t)
	s := startServerWith(t, withOverlap, "listen tcp 127.0.0.1:0")
	old := s.at("tcp", "127.0.0.1:0")
	s.ready()
	_, port, err := net.SplitHostPort(old)
	if err != nil {
		t.Fatal(err)
	}
	s.restart("listen tcp 0.0.0.0:" + port)
	s.at("tcp", "0.0.0.0:"+port)
	s.answers(s.ready(), "tcp", old)
	s.expect(0, "^child error")
	s.quit()
}

// Of a successor that fails nothing is left, not even a socket that only it has opened.
func TestOverlapClosesWhatARefusedOneHasOpened(t *testing.T) {
	slow(t)
	needsInheritance(t)
	s := startServerWith(t, withOverlap, "listen tcp 127.0.0.1:0")
	old, pid := s.at("tcp", "127.0.0.1:0"), s.ready()
	s.restart("listen tcp 127.0.0.1:0", "listen tcp4 127.0.0.1:0", "fail")
	more := s.at("tcp4", "127.0.0.1:0")
	s.await("before it was ready; the old one keeps running$")
	s.answers(pid, "tcp", old)
	if conn, err := net.Dial("tcp", more); err == nil {
		conn.Close()
		t.Error("a client can connect to what nobody serves")
	}
	s.quit()
}
