package restarter

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// contentID returns what is equal for executables that are the same program. The go
// command writes four hashes near the head of every executable, a/b/c/d: the last is of the
// content without them. On ELF they are a note, elsewhere they stand in the text. Without
// them the whole content decides. An unreadable file has none.
func contentID(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(f, head)
	for _, mark := range []string{"Go\x00\x00", "\xff Go build ID: \""} {
		for _, text := range strings.Split(string(head[:n]), mark)[1:] {
			end := max(strings.IndexAny(text, "\x00\""), 0)
			if hashes := strings.Split(text[:end], "/"); len(hashes) == 4 {
				return fmt.Sprint(hashes[3], ":", info.Size()), nil // and what may be appended
			}
		}
	}
	sum := uint32(0)
	for err == nil || err == io.ErrUnexpectedEOF {
		sum = crc32.Update(sum, crc32.IEEETable, head[:n])
		n, err = f.Read(head)
	}
	if err != io.EOF || info.Size() == 0 {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return fmt.Sprint(sum, ":", info.Size()), nil
}
