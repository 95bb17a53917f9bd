package restarter

import (
	"errors"
	"hash/crc32"
	"io"
	"os"
	"time"
)

// A stamp is what one look at a file tells. Compare stamps as a whole: files come back with
// older times. The zero stamp means that the file does not exist.
type stamp struct {
	Mtime, Ctime int64 // nanoseconds; ctime is 0 where the system has none
	Size         int64
	Mode         os.FileMode
	Hash         uint32 // of a fresh file's content; of a directory's names that matter
}

func (s stamp) exists() bool { return s.Mtime != 0 || s.Mode != 0 || s.Size != 0 }

// fresh reports whether a file was written so recently that its times may be too coarse
// to show the next write.
func (s stamp) fresh(now time.Time) bool {
	age := now.UnixNano() - max(s.Mtime, s.Ctime)
	return age < int64(2*time.Second) && age > -int64(time.Minute)
}

// notOlder reports whether the file may have been written since ref, another file's time.
// Whole seconds come from a file system that has no finer ones, and may be rounded to two.
func (s stamp) notOlder(ref int64) bool {
	if s.Mtime%int64(time.Second) == 0 {
		return s.Mtime+int64(2*time.Second) > ref
	}
	return s.Mtime >= ref
}

func stampOf(info os.FileInfo) stamp {
	s := stamp{Mtime: info.ModTime().UnixNano(), Ctime: changeTime(info), Mode: info.Mode()}
	if !info.IsDir() {
		s.Size = info.Size()
	}
	return s
}

// stamp looks at one file: a single os.Stat, which follows symbolic links.
func (p *poller) stamp(path string) stamp {
	info, err := p.stat(path)
	if err != nil {
		return stamp{}
	}
	return stampOf(info)
}

// contentHash returns the hash of a file's first megabyte, never 0; was, if it cannot be read
// now. It is 1 if the file is gone.
func contentHash(path string, size int64, was uint32) uint32 {
	f, err := os.Open(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return was
	}
	defer f.Close()
	head := make([]byte, min(size, 1<<20)+1)
	n, _ := io.ReadFull(f, head)
	return crc32.ChecksumIEEE(head[:n]) | 1
}

// A change says what was seen to differ: a path of each sort, or "".
type change struct {
	Source  string // the program has to be built
	Tracked string // it has only to be restarted
	Program string // the executable it was started from
}

func (c change) any() bool { return c != change{} }

func (c *change) note(r *record, path string) {
	if r.Kind == program {
		c.Program = path
	}
	if r.Source {
		c.Source = path
	}
	if r.Tracked {
		c.Tracked = path
	}
}

// or returns c, with what it lacks from d.
func (c change) or(d change) change {
	if c.Source == "" {
		c.Source = d.Source
	}
	if c.Tracked == "" {
		c.Tracked = d.Tracked
	}
	if c.Program == "" {
		c.Program = d.Program
	}
	return c
}
