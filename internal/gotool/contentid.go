package gotool

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/lib537/restarter/internal/system"
)

// ContentID is the function of that name, for executables of this recipe: it reads the whole
// file if the user has chosen the build ID.
func (r *Recipe) ContentID(name string) (string, error) {
	return contentID(name, !strings.Contains(r.ldflags, "-buildid"))
}

// ContentID returns what is equal for executables that are the same program. The go
// command writes four hashes near the head of every executable, a/b/c/d: the last is of the
// content without them. On ELF they are a note, elsewhere they stand in the text. The size and
// the last bytes are added, since something may be appended to an executable. If the hash is
// missing, the whole content decides, without the hashes of the inputs.
func ContentID(name string) (string, error) { return contentID(name, true) }

func contentID(name string, trusted bool) (string, error) {
	f, err := system.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", name)
	}
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(f, head)
	id, hash := buildID(head[:n])
	switch {
	case !trusted:
		hash = ""
	case hash != "":
		n = 0 // of the rest, the last bytes are enough
		_, err = f.Seek(-min(4<<10, info.Size()), io.SeekEnd)
	case id != "":
		copy(head, bytes.ReplaceAll(head[:n], []byte(id), make([]byte, len(id))))
	}
	sum := uint32(0)
	for err == nil || err == io.ErrUnexpectedEOF {
		sum = crc32.Update(sum, crc32.IEEETable, head[:n])
		n, err = f.Read(head)
	}
	if err != io.EOF || info.Size() == 0 {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return fmt.Sprint(hash, ":", sum, ":", info.Size()), nil
}

// buildID returns what the go command has written into the head of an executable, and the hash
// of the content in it, or "". Up to Go 1.23 go run leaves the hash of the inputs in its place.
func buildID(head []byte) (id, hash string) {
	for _, mark := range []string{"Go\x00\x00", "\xff Go build ID: \""} {
		for _, text := range strings.Split(string(head), mark)[1:] {
			const length = 20 // of each: what a user makes up looks otherwise
			id = text[:max(strings.IndexAny(text, "\x00\""), 0)]
			hashes := strings.Split(id, "/")
			if len(hashes) != 4 || len(hashes[3]) != length {
				continue
			}
			if hashes[3] == hashes[0] {
				return id, ""
			}
			return id, hashes[3]
		}
	}
	return "", ""
}
