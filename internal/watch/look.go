package watch

import (
	"time"
)

// What is read.
const (
	// How much of a fresh file is compared by content, and of one whose content alone counts.
	freshLength   = 1 << 20
	contentLength = 16 << 20
	// How many contents are read at once for a new set; the others are read in the course of
	// polling.
	readAtOnce = 500
)

// byContent reports whether a file's content alone counts.
func (p *Poller) byContent(r *record) bool {
	if r.kind.dir() || r.is(Executable) {
		return false
	}
	return r.is(Tracked) || r.is(Input) || p.Contents && r.is(Source)
}

// look compares a record with its file and keeps what it sees. A file that differs is noted
// in c; stale says that a directory holds other names that matter, so that the set has to be
// made again.
func (p *Poller) look(r *record, c *Change) (stale bool) {
	p.left--
	p.looks++
	path := p.path(r)
	was, hash, now := r.stamp, r.hash, p.stamp(path)
	if !r.kind.dir() {
		now = now.file()
	}
	same := now == was
	content := p.byContent(r)
	if same && !r.fresh && !(content && hash == notRead) {
		return false
	}
	p.keep(r, now, path)
	if r.kind.dir() {
		if !same {
			// One file may have taken the place of another, by rename.
			for i, to := p.set.span(r.dir); i < to; i++ {
				stale = p.look(&p.set.records[i], c) || stale
			}
		}
		return stale || r.hash != hash
	}
	changed := p.moves(was, now)
	switch {
	case r.hash >= hashes && hash >= hashes:
		changed = r.hash != hash || changed && (!content || p.AnySave && r.is(Source))
	case same:
		changed = hash != notRead && r.hash != hash
		if hash == notRead && r.hash >= hashes && content && p.stamp(path) != now {
			r.hash = notRead // it was written while it was read, which may have been the new content
		}
	}
	if changed {
		c.note(r, path)
		p.remember(path)
	}
	if !r.fresh && !content {
		r.hash = notRead
	}
	return !same && now.mode.IsDir() // it may be a tree from now on
}

// moves reports whether stamps differ in a way that counts. Files that differ in nothing but
// their identity were replaced, unless that happens all the time: some file systems make
// identities up.
func (p *Poller) moves(was, now stamp) bool {
	const often = 8
	if was.id == now.id {
		return was != now
	}
	if was.id = now.id; was != now {
		return true
	}
	if p.moved++; p.moved > often {
		p.unstable = true
	}
	return !p.unstable
}

// keep records a stamp, with the content of what is or was fresh, or counts by its content. It
// is paid for in looks.
func (p *Poller) keep(r *record, s stamp, path string) {
	was, start := r.fresh, time.Now()
	r.fresh = s.fresh(start) && !r.is(Executable)
	limit := int64(0)
	switch {
	case r.kind.dir() && s.mode.IsDir():
		hash, names, ok := readNames(path, r.kind, p.set.patterns[r.pattern], nil)
		if ok {
			r.hash = hash
		} else {
			r.fresh = true // no descriptor is free, say
		}
		p.left -= 10 + names/4
	case r.kind.dir():
		r.hash = notRead
	case !s.exists() || !s.mode.IsRegular():
		r.hash = absent
	case p.byContent(r):
		limit = contentLength
		if s.size > limit {
			r.hash, limit = tooLong, 0
		}
	case was || r.fresh:
		limit = freshLength
	default:
		r.hash = notRead
	}
	if limit > 0 {
		hash, ok := contentHash(path, limit)
		if ok {
			r.hash = hash
		} else {
			r.fresh = true // somebody else has it open alone, say
		}
		p.left -= 10 + int(min(s.size, limit)>>12)
	}
	r.stamp = s
	p.begun = p.begun.Add(time.Since(start)) // reading teaches nothing about the next look
}
