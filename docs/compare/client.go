package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A page is what the server says about itself.
type page struct{ version, other, pid int }

// client opens a connection for each request.
var client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// get asks for the page once.
func (r *run) get() (page, error) { return r.ask(client) }

func (r *run) ask(client *http.Client) (p page, err error) {
	resp, err := client.Get(r.url)
	if err != nil {
		return p, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	if err != nil {
		return p, err
	}
	// A proxy may have written the page anew, so only the words are looked at.
	_, words, _ := strings.Cut(string(text), "version ")
	_, err = fmt.Sscanf(words, "%d other %d pid %d", &p.version, &p.other, &p.pid)
	return p, err
}

// await asks for the page until it is as wanted, and says how long that took.
func (r *run) await(limit time.Duration, wanted func(page) bool) (time.Duration, error) {
	begin := time.Now()
	for {
		p, err := r.get()
		if took := time.Since(begin); err == nil && wanted(p) {
			return took, nil
		} else if took > limit {
			return took, fmt.Errorf("not within %v: version %d, %v", limit, p.version, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A crowd is eight clients that ask one request after the other, every ten milliseconds.
type crowd struct {
	sync.WaitGroup
	sync.Mutex
	stop          atomic.Bool
	asked, failed int
	longest       time.Duration // that one of them was without an answer, with all that it tried again
}

func (c *crowd) ask(r *run) {
	defer c.Done()
	for since, answered := time.Now(), true; !c.stop.Load(); time.Sleep(10 * time.Millisecond) {
		if answered {
			since = time.Now()
		}
		_, err := r.get()
		c.Lock()
		c.asked++
		if answered = err == nil; answered {
			c.longest = max(c.longest, time.Since(since))
		} else {
			c.failed++
		}
		c.Unlock()
	}
}

// load restarts the server while clients ask, and says how they fared.
func (r *run) load(restarts int) string {
	var c crowd
	for i := 0; i < 8; i++ {
		c.Add(1)
		go c.ask(r)
	}
	unserved := ""
	for i := 0; i < restarts && unserved == ""; i++ {
		time.Sleep(300 * time.Millisecond)
		if _, err := r.edit(20 * time.Second); err != nil {
			unserved = "; an edit was not served"
		}
	}
	time.Sleep(300 * time.Millisecond)
	c.stop.Store(true)
	c.Wait()
	return fmt.Sprintf("%d of %d requests failed; longest wait %s", c.failed, c.asked, short(c.longest)) + unserved
}
