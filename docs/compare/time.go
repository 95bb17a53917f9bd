package main

import (
	"fmt"
	"log"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

var versions atomic.Int64

// nextVersion is never the same: no build finds its result in the cache.
func nextVersion() int { return int(versions.Add(1)) }

// idle measures all tools at once, while nothing happens.
func (c *comparison) idle(row string, settle time.Duration) {
	log.Print(row)
	time.Sleep(settle)
	before := make(map[*run]time.Duration)
	for _, r := range c.tools {
		before[r] = r.cpu()
	}
	time.Sleep(10 * time.Second)
	for _, r := range c.tools {
		result.add(row, r.Name, fmt.Sprintf("%.1f %%", (r.cpu()-before[r]).Seconds()/10*100))
	}
}

// bare does what has to be done in any case: build, and start.
func (r *run) bare() (time.Duration, error) {
	defer r.kill()
	r.now.version = nextVersion()
	begin := time.Now()
	err := r.save()
	if err == nil && r.Command == "./server" {
		err = r.do("go build -o server .")
	}
	if err == nil {
		err = r.start()
	}
	return time.Since(begin), err
}

// timeEdits has the tools take turns, so that a busy moment of the machine is nobody's fault.
func (c *comparison) timeEdits() {
	times := make(map[*run][]time.Duration)
	for i := 0; i < *rounds; i++ {
		log.Print("edit ", i+1)
		for _, r := range append(slices.Clone(c.bares), c.tools...) {
			measure := func() (time.Duration, error) { return r.edit(20 * time.Second) }
			if r.Of == "bare" {
				measure = r.bare
			}
			if took, err := measure(); err == nil {
				times[r] = append(times[r], took)
			} else {
				log.Print(r.name(), ": ", err)
			}
			time.Sleep(300 * time.Millisecond)
		}
	}
	for _, b := range c.bares {
		least := median(times[b])
		result.note("%s, beside which the tools that build so are set: %s in the median.", b.As, short(least))
		for _, r := range c.tools {
			if m := median(times[r]); usesGoRun(b) == usesGoRun(r) && m > 0 {
				result.add(rowEdit, r.Name, fmt.Sprintf("%s, %.2f ×", short(m), m.Seconds()/least.Seconds()))
			}
		}
	}
}

// usesGoRun reports whether the server is built by go run, which leaves out what debuggers need.
func usesGoRun(r *run) bool {
	return strings.Contains(strings.Replace(r.Command, "wgo run", "", 1), "go run")
}

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// short rounds a time for a person.
func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
