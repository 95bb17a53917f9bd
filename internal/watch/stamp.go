package watch

import (
	"errors"
	"hash/maphash"
	"io"
	"os"
	"time"

	"github.com/lib537/restarter/internal/system"
)

// A stamp is what one look at a file tells. Compare stamps as a whole: files come back with
// older times. The zero stamp means that the file does not exist.
type stamp struct {
	mtime, ctime int64  // nanoseconds; ctime is 0 where the system has none
	id           uint64 // tells the file from others, 0 where the system has none
	size         int64
	mode         os.FileMode
}

func (s stamp) exists() bool { return s != stamp{} }

// file returns what counts of a file: what happens in a directory, or goes through a pipe, is another matter.
func (s stamp) file() stamp {
	if s.exists() && !s.mode.IsRegular() {
		return stamp{mode: s.mode.Type()}
	}
	return s
}

// fresh reports whether a file was written so recently that its times may be too coarse
// to show the next write.
func (s stamp) fresh(now time.Time) bool {
	age := now.UnixNano() - max(s.mtime, s.ctime)
	return age < int64(2*time.Second) && age > -int64(time.Minute)
}

// stamp looks at one file: a single os.Stat, which follows symbolic links.
func (p *Poller) stamp(path string) stamp {
	info, err := p.stat(path)
	if err != nil {
		return stamp{}
	}
	s := stamp{mtime: info.ModTime().UnixNano(), mode: info.Mode()}
	if !p.unstable {
		s.ctime, s.id = system.FileID(info)
	} else {
		s.ctime, _ = system.FileID(info)
	}
	if !info.IsDir() {
		s.size = info.Size()
	}
	return s
}

// What stands for a content that is not a hash.
const (
	notRead = 0 // not yet, or of no interest
	absent  = 1 // there is no regular file
	tooLong = 2 // to be compared
	hashes  = 3 // this and above
)

var seed = maphash.MakeSeed()

// contentHash returns a hash of the content of a file up to a length; ok is false if it cannot
// be read now.
func contentHash(path string, limit int64) (hash uint64, ok bool) {
	f, err := system.Open(path)
	if err != nil {
		return absent, errors.Is(err, os.ErrNotExist)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return absent, true
	}
	var h maphash.Hash
	h.SetSeed(seed)
	buffer := make([]byte, 32<<10)
	for part := io.LimitReader(f, limit); err == nil; { // io.Copy would link all that a hash can do
		var n int
		n, err = part.Read(buffer)
		h.Write(buffer[:n])
	}
	if err != io.EOF {
		return absent, false
	}
	return max(h.Sum64(), hashes), true
}
