package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long a question waits for what may not come.
const patience = 6 * time.Second

// A question is a row of the table. A tool answers it without regard to the others.
type question struct {
	key, row string
	ask      func(r *run) string
	byHand   bool // also for a server that this program builds and signals
}

// The last two questions end the tool.
var questions = []question{
	{"touch", "`touch`", func(r *run) string {
		return r.restarted(func() error { return r.do("touch main.go") })
	}, false},
	{"same", "a save of the same text", func(r *run) string {
		return r.restarted(r.save)
	}, false},
	{"words", "other words in a comment", func(r *run) string {
		r.now.words = "something else"
		return r.restarted(r.save)
	}, false},
	{"line", "a new line of comment", func(r *run) string {
		r.now.extra = "\n// This is a line more."
		return r.restarted(r.save)
	}, false},
	{"broken", "a save that does not compile", func(r *run) string {
		answer := r.spoil("noSuchWord()")
		if text, _ := os.ReadFile(r.log.Name()); strings.Contains(string(text), "undefined: noSuchWord") {
			answer += "; the compiler's words are shown"
		}
		return answer + r.fix()
	}, true},
	{"panic", "a save that panics in `main`", func(r *run) string {
		return r.spoil(`panic("on purpose")`) + r.fix()
	}, true},
	{"twice", "a save 0.2, 0.6, 1.2 s after another is served", (*run).twice, false},
	{"outside", "an edit in a module joined by `replace`", (*run).outside, false},
	{"sees", "sees changes by", (*run).sees, false},
	{"interrupt", "Ctrl-C", func(r *run) string {
		select {
		case <-r.dead:
			return "does not reach it: what the shell has started has left"
		default:
		}
		return r.gone(func() { syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT) })
	}, true},
	{"orphan", "`kill -9` of the tool", func(r *run) string {
		return r.gone(func() { r.cmd.Process.Kill() })
	}, false},
}

// answer asks a run a question, by its key.
func (r *run) answer(key string) (row, answer string) {
	if err := r.up(); err != nil {
		return key, err.Error()
	}
	if key == "load" {
		return rowLoad, r.load(*rounds)
	}
	for _, q := range questions {
		if q.key == key {
			return q.row, q.ask(r)
		}
	}
	panic(key)
}

// save writes the source as it is now. By hand it is built and the server is told.
func (r *run) save() error {
	err := os.WriteFile(filepath.Join(r.app, "main.go"), []byte(r.now.text(r.Server)), 0o644)
	if err != nil || !r.ByHand {
		return err
	}
	return r.do("go build -o server . && kill -HUP $(cat server.pid)")
}

// edit saves another version, and says how long it took until that was served.
func (r *run) edit(limit time.Duration) (time.Duration, error) {
	r.now.version = nextVersion()
	begin := time.Now()
	if err := r.save(); err != nil {
		return 0, err
	}
	_, err := r.await(limit, func(p page) bool { return p.version == r.now.version })
	return time.Since(begin), err
}

// restarted does something and says whether another process serves then.
func (r *run) restarted(do func() error) string {
	before, err := r.get()
	if err == nil {
		err = do()
	}
	if err != nil {
		return err.Error()
	}
	if _, err = r.await(patience, func(p page) bool { return p.pid != before.pid }); err != nil {
		return "no restart"
	}
	return "restart"
}

// spoil saves a statement that is wrong, and tells who serves when that has had its effect.
func (r *run) spoil(statement string) string {
	before, _ := r.get()
	r.now.first = statement
	r.save()
	time.Sleep(patience)
	impatient := &http.Client{Timeout: time.Second, Transport: client.Transport}
	switch p, err := r.ask(impatient); {
	case err != nil:
		return "nothing serves"
	case p.pid == before.pid:
		return "the old process serves on"
	default:
		return "the old program, started again, serves"
	}
}

// fix takes back what was wrong.
func (r *run) fix() string {
	r.now.first = ""
	if len(r.processes()) == 0 {
		r.save() // for the next question
		return "; the tool has ended too"
	}
	if _, err := r.edit(15 * time.Second); err != nil {
		return "; the fix is not served"
	}
	return "; the fix is served"
}

// twice saves again while the tool is at work on a save.
func (r *run) twice() string {
	served := 0
	for _, pause := range []time.Duration{200, 600, 1200} {
		r.now.version = nextVersion()
		r.save()
		time.Sleep(pause * time.Millisecond)
		if _, err := r.edit(8 * time.Second); err == nil {
			served++
		}
	}
	return fmt.Sprintf("%d of 3", served)
}

// outside edits a package that lies beside the module, when all is quiet.
func (r *run) outside() string {
	time.Sleep(3 * time.Second)
	v := nextVersion()
	if err := os.WriteFile(r.other, []byte(other(v)), 0o644); err != nil {
		return err.Error()
	}
	if _, err := r.await(patience, func(p page) bool { return p.other == v }); err != nil {
		return "not seen"
	}
	return "seen"
}

// sees tells how changes are seen, and whether they are.
func (r *run) sees() string {
	how := "polling"
	if r.notified() {
		how = "inotify"
	}
	if _, err := r.edit(10 * time.Second); err != nil {
		how += ", but an edit was not served"
	}
	return how
}

// gone does something and waits until all processes have ended and the port is free.
func (r *run) gone(do func()) string {
	begin := time.Now()
	for do(); time.Since(begin) < patience/2; time.Sleep(10 * time.Millisecond) {
		if len(r.processes()) > 0 {
			continue
		}
		if ln, err := net.Listen("tcp", r.addr); err == nil {
			ln.Close()
			return "all gone after " + short(time.Since(begin))
		}
	}
	if c, err := net.Dial("tcp", r.addr); err == nil {
		c.Close()
		return "the server is left, and holds the port"
	}
	return fmt.Sprintf("%d processes are left", len(r.processes()))
}
