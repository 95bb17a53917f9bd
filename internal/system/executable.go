package system

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Machine returns what tells the system and machine that an executable is for, "" if unknown.
func Machine(name string) string {
	f, err := Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	head, err := readHead(f)
	if err != nil {
		return ""
	}
	machine, _ := inspect(head)
	return machine
}

// CheckExecutable says why this system cannot run a file, as far as that can be seen without
// running it: it is no regular file, may not be executed, is for another than the given
// machine, or is shorter than its own header says.
func CheckExecutable(name, machine string) error {
	f, err := Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	case !runnable(info):
		return fmt.Errorf("%s has no execute permission", name)
	}
	head, err := readHead(f)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	is, end := inspect(head)
	if machine != "" && is != machine {
		return fmt.Errorf("%s is not an executable for this system and machine", name)
	}
	if end > info.Size() {
		return fmt.Errorf("%s is truncated: %d of %d bytes", name, info.Size(), end)
	}
	return nil
}

// readHead reads as much as holds the header of an executable.
func readHead(f *os.File) ([]byte, error) {
	head := make([]byte, 16<<10)
	n, err := io.ReadFull(f, head)
	if n == 0 && err != nil {
		return nil, errors.New("the file is empty")
	}
	return head[:n], nil
}

// inspect returns what tells the system and machine of an executable, "" if it is none, and how
// long it has to be at least.
func inspect(head []byte) (machine string, end int64) {
	switch {
	case len(head) >= 64 && bytes.HasPrefix(head, []byte("\x7fELF")):
		return inspectELF(head)
	case len(head) >= 32 && (head[0] == 0xcf || head[0] == 0xce) && bytes.Equal(head[1:4], []byte{0xfa, 0xed, 0xfe}):
		return inspectMachO(head)
	case len(head) >= 64 && bytes.HasPrefix(head, []byte("MZ")):
		return inspectPE(head)
	case bytes.HasPrefix(head, []byte("#!")):
		return "script", 0
	case len(head) >= 4:
		return string(head[:4]), 0 // Plan 9, AIX: the magic number
	}
	return "", 0
}

func inspectELF(head []byte) (machine string, end int64) {
	order := binary.ByteOrder(binary.LittleEndian)
	if head[5] == 2 {
		order = binary.BigEndian
	}
	// Class, byte order, and the machine; not the ABI, which differs between linkers.
	machine = fmt.Sprint("ELF", head[4], head[5], order.Uint16(head[18:]))
	var offset, each, count, at int64
	word := func(at int64) int64 { return int64(order.Uint32(head[at:])) }
	if head[4] == 2 { // 64 bits
		offset, each, count, at = int64(order.Uint64(head[32:])), int64(order.Uint16(head[54:])), int64(order.Uint16(head[56:])), 8
		word = func(at int64) int64 { return int64(order.Uint64(head[at:])) }
	} else {
		offset, each, count, at = word(28), int64(order.Uint16(head[42:])), int64(order.Uint16(head[44:])), 4
	}
	end = offset + each*count
	size := 4 * at // the offset of p_filesz
	for i := int64(0); i < count; i++ {
		p := offset + i*each
		if p < 0 || p > int64(len(head))-size-8 {
			break
		}
		end = max(end, word(p+at)+word(p+size))
	}
	return machine, end
}

func inspectMachO(head []byte) (machine string, end int64) {
	order := binary.LittleEndian
	machine = "Mach-O" + string(head[:8])
	at := int64(28)
	if head[0] == 0xcf {
		at = 32
	}
	end = at + int64(order.Uint32(head[20:]))
	for i := order.Uint32(head[16:]); i > 0 && at+56 <= int64(len(head)); i-- {
		size := int64(order.Uint32(head[at+4:]))
		switch order.Uint32(head[at:]) {
		case 1: // LC_SEGMENT
			end = max(end, int64(order.Uint32(head[at+32:]))+int64(order.Uint32(head[at+36:])))
		case 0x19: // LC_SEGMENT_64
			end = max(end, int64(order.Uint64(head[at+40:]))+int64(order.Uint64(head[at+48:])))
		}
		if size < 8 {
			break
		}
		at += size
	}
	return machine, end
}

func inspectPE(head []byte) (machine string, end int64) {
	order := binary.LittleEndian
	at := int64(order.Uint32(head[60:]))
	if at+24 > int64(len(head)) || string(head[at:at+4]) != "PE\x00\x00" {
		return "MZ", 0
	}
	machine = fmt.Sprint("PE", order.Uint16(head[at+4:]))
	section := at + 24 + int64(order.Uint16(head[at+20:]))
	end = section + 40*int64(order.Uint16(head[at+6:]))
	for i := order.Uint16(head[at+6:]); i > 0 && section+40 <= int64(len(head)); i-- {
		end = max(end, int64(order.Uint32(head[section+16:]))+int64(order.Uint32(head[section+20:])))
		section += 40
	}
	return machine, end
}

// ExecutableName returns the executable exe by the name that it was started with in a directory: a
// deploy may point a symbolic link to another file.
func ExecutableName(exe, name, dir string) string {
	if found := Named(name, dir); SameFile(found, exe) {
		return found
	}
	return exe
}

// Named returns the executable that a command of this name starts in a directory, "" if there is none.
func Named(name, dir string) string {
	if !strings.ContainsRune(name, filepath.Separator) {
		found, err := exec.LookPath(name)
		if err != nil {
			return ""
		}
		name = found
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	return name
}
