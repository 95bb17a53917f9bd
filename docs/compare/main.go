// Compare tries restarter and the tools that do similar things on the same small server, and prints
// what each of them did, as a table. Run it, on Linux, with the go command and eight minutes, by
//
//	go run -C docs/compare .
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

var (
	rounds  = flag.Int("rounds", 5, "how many edits are timed, and how many restarts are under load")
	only    = flag.String("only", "", "a part of the name of the tools to try")
	verbose = flag.Bool("v", false, "print what the tools have said")
)

const limit = 12 * time.Minute

func main() {
	flag.Parse()
	log.SetFlags(log.Ltime)
	tmp, err := os.MkdirTemp("", "compare")
	if err != nil {
		log.Fatal(err)
	}
	over := make(chan os.Signal, 1)
	signal.Notify(over, os.Interrupt, syscall.SIGTERM)
	done := make(chan bool)
	c := &comparison{tmp: tmp}
	go func() {
		c.prepare()
		c.compare()
		close(done)
	}()
	code := 0
	select {
	case <-done:
	case <-over:
		code = 1
	case <-time.After(limit):
		log.Print("the time is up")
		code = 1
	}
	c.end()
	fmt.Println(result.String())
	os.Exit(code)
}

// A comparison has all that runs.
type comparison struct {
	tmp                    string
	tools, variants, bares []*run
}

// prepare installs the tools and lays the modules.
func (c *comparison) prepare() {
	_, here, _, _ := runtime.Caller(0)
	checkout, bin := filepath.Join(filepath.Dir(here), "..", ".."), filepath.Join(c.tmp, "bin")
	missing := make(map[string]bool)
	for _, t := range tools {
		if missing[t.Of] || t.Of != "bare" && !strings.Contains(t.name(), *only) {
			continue
		}
		log.Print("install ", t.name())
		err := t.install(c.tmp, bin, checkout)
		var r *run
		if err == nil {
			r, err = prepare(t, c.tmp, bin, checkout)
		}
		if err != nil {
			missing[t.name()] = true
			result.note("%s was not tried: %v.", t.name(), err)
			continue
		}
		switch t.Of {
		case "":
			c.tools = append(c.tools, r)
			result.columns = append(result.columns, t)
			result.note("%s: `%s`", t.Name, strings.Join(append(t.Env, t.Command), " "))
		case "bare":
			c.bares = append(c.bares, r)
		default:
			c.variants = append(c.variants, r)
		}
	}
}

// end removes all files, without which nothing can be started any more, and ends all processes.
func (c *comparison) end() {
	logs, _ := filepath.Glob(filepath.Join(c.tmp, "run*", "log"))
	for _, name := range logs {
		if text, _ := os.ReadFile(name); *verbose {
			os.Stderr.Write(text)
		}
	}
	os.RemoveAll(c.tmp)
	kill("\x00COMPARE=" + c.tmp + "/")
	os.RemoveAll(c.tmp)
}

// compare asks all questions. What is timed, and what is under load, is tried with one tool at a time.
func (c *comparison) compare() {
	for _, r := range c.tools {
		if err := r.start(); err != nil {
			log.Print(r.name(), ": ", err)
		}
	}
	c.idle(rowIdle, 5*time.Second)
	c.timeEdits()
	c.idle(rowAwake, time.Second)
	for _, r := range c.tools {
		row, answer := r.answer("load")
		result.add(row, r.Name, answer)
	}
	c.askEach(2)
	for _, r := range c.variants {
		row, answer := r.answer(r.Asks)
		result.add(row, r.Of, "; with "+r.As+": "+answer)
		r.kill()
	}
}

// askEach asks every tool the questions that it answers without regard to the others, n tools at once.
func (c *comparison) askEach(n int) {
	var wg sync.WaitGroup
	free := make(chan bool, n)
	for _, r := range c.tools {
		free <- true
		wg.Add(1)
		go func(r *run) {
			defer wg.Done()
			for _, q := range questions {
				if q.byHand || !r.ByHand {
					_, answer := r.answer(q.key)
					log.Printf("%s: %s: %s", r.Name, q.row, answer)
					result.add(q.row, r.Name, answer)
				}
			}
			r.kill()
			<-free
		}(r)
	}
	wg.Wait()
}
