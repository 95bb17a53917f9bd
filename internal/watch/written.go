package watch

import (
	"path/filepath"
	"strings"
	"time"
)

// each calls f for each file of a purpose that is there, with the time when it was written.
func (p *Poller) each(use Purpose, f func(path string, at time.Time)) {
	for i := range p.set.files() {
		if r := &p.set.files()[i]; r.is(use) && r.exists() {
			f(p.set.pathOf(r), time.Unix(0, r.mtime))
		}
	}
}

// Newest returns the file of a purpose that was written last, and when, as far as its time tells.
func (p *Poller) Newest(use Purpose) (newest string, when time.Time) {
	p.each(use, func(path string, at time.Time) {
		if newest == "" || at.After(when) {
			newest, when = path, at
		}
	})
	return newest, when
}

// OldestGenerated returns when the oldest Go file that is generated from an input was written, or the present time if
// there is none. Its name tells: page_templ.go is generated from page.templ, page.pb.go from page.proto.
func (p *Poller) OldestGenerated() time.Time {
	stem := func(path string) string {
		name := filepath.Base(path)
		return name[:max(1, strings.IndexAny(name+".", "._"))]
	}
	stems := make(map[string]bool)
	p.each(Input, func(path string, _ time.Time) { stems[stem(path)] = true })
	oldest := time.Now()
	p.each(Source, func(path string, at time.Time) {
		if at.Before(oldest) && filepath.Ext(path) == ".go" && stems[stem(path)] {
			oldest = at
		}
	})
	return oldest
}
