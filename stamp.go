package restarter

import (
	"hash/crc32"
	"os"
	"time"
)

// A stamp is what one look at a file tells. Compare stamps as a whole: files come back with
// older times. The zero stamp means that the file does not exist.
type stamp struct {
	mtime, ctime int64 // nanoseconds; ctime is 0 where the system has none
	size         int64
	mode         os.FileMode
	hash         uint64 // of a fresh file's content; of a directory's names that matter
}

func (s stamp) exists() bool { return s.mtime != 0 || s.mode != 0 || s.size != 0 }

// fresh reports whether a file was written so recently that its times may be too coarse
// to show the next write.
func (s stamp) fresh(now time.Time) bool {
	age := now.UnixNano() - max(s.mtime, s.ctime)
	return age < int64(2*time.Second) && age > -int64(time.Minute)
}

// notOlder reports whether the file may have been written since ref, another file's time.
// Whole seconds come from a file system that has no finer ones, and may be rounded to two.
func (s stamp) notOlder(ref int64) bool {
	if s.mtime%int64(time.Second) == 0 {
		return s.mtime+int64(2*time.Second) > ref
	}
	return s.mtime >= ref
}

func stampOf(info os.FileInfo) stamp {
	s := stamp{mtime: info.ModTime().UnixNano(), ctime: changeTime(info), mode: info.Mode()}
	if !info.IsDir() {
		s.size = info.Size()
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

// contentHash returns the hash of a file's content, never 0.
func contentHash(path string, size int64) (hash uint64) {
	f, err := os.Open(path)
	if err != nil {
		return 1
	}
	defer f.Close()
	var sum uint32 // which shows every change of a few bytes, and is quick
	for buffer := make([]byte, min(size+1, 64<<10)); ; {
		n, err := f.Read(buffer)
		if sum = crc32.Update(sum, crc32.IEEETable, buffer[:n]); err != nil {
			return uint64(sum) | 1<<63
		}
	}
}
