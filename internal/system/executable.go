package system

import (
	"bytes"
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
	machine, _ := inspect(readHead(f))
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
	if err != nil {
		return err
	}
	var head []byte
	if info.Mode().IsRegular() {
		head = readHead(f)
	}
	is, end := inspect(head)
	why := ""
	switch {
	case !info.Mode().IsRegular():
		why = "is not a regular file"
	case info.Mode().Perm()&0o111 == 0 && modes:
		why = "has no execute permission"
	case !runnable(name):
		why = "cannot be executed, perhaps because its file system is mounted noexec; GOTMPDIR can name another place for what is built"
	case len(head) == 0:
		why = "is empty"
	case machine != "" && is != machine:
		why = "is not an executable for this system and machine"
	case end > info.Size():
		why = fmt.Sprintf("is truncated: %d of %d bytes", info.Size(), end)
	default:
		return nil
	}
	return errors.New(name + " " + why)
}

// readHead reads as much as holds the header of an executable.
func readHead(f *os.File) []byte {
	head := make([]byte, 16<<10)
	n, _ := io.ReadFull(f, head)
	return head[:n]
}

// A number is a function that reads an unsigned number of so many bytes.
type number func(at, size int64) int64

// inspect returns what tells the system and machine of an executable, "" if it is none, and how
// long it has to be at least.
func inspect(head []byte) (machine string, end int64) {
	bigEndian := false
	get := func(at, size int64) (n int64) {
		for i, b := range head[at : at+size] {
			if bigEndian {
				n = n<<8 | int64(b)
			} else {
				n |= int64(b) << (8 * i)
			}
		}
		return n
	}
	switch {
	case len(head) >= 64 && bytes.HasPrefix(head, []byte("\x7fELF")):
		bigEndian = head[5] == 2
		return inspectELF(head, get)
	case len(head) >= 32 && (head[0] == 0xcf || head[0] == 0xce) && bytes.Equal(head[1:4], []byte{0xfa, 0xed, 0xfe}):
		return inspectMachO(head, get)
	case len(head) >= 64 && bytes.HasPrefix(head, []byte("MZ")):
		return inspectPE(head, get)
	case bytes.HasPrefix(head, []byte("#!")):
		return "script", 0
	case len(head) >= 4:
		return string(head[:4]), 0 // Plan 9, AIX: the magic number
	}
	return "", 0
}

func inspectELF(head []byte, get number) (machine string, end int64) {
	// Class, byte order, and the machine; not the ABI, which differs between linkers.
	machine = fmt.Sprint("ELF", head[4], head[5], get(18, 2))
	word, offset, sizes := int64(4), int64(28), int64(42) // 32 bits
	if head[4] == 2 {
		word, offset, sizes = 8, 32, 54
	}
	offset, each, count := get(offset, word), get(sizes, 2), get(sizes+2, 2)
	end = offset + each*count
	for ; count > 0 && offset >= 0 && offset <= int64(len(head))-5*word; count-- {
		end = max(end, get(offset+word, word)+get(offset+4*word, word)) // p_offset, p_filesz
		offset += each
	}
	return machine, end
}

func inspectMachO(head []byte, get number) (machine string, end int64) {
	machine = "Mach-O" + string(head[:8])
	at := int64(28)
	if head[0] == 0xcf {
		at = 32
	}
	end = at + get(20, 4)
	for count := get(16, 4); count > 0 && at+56 <= int64(len(head)); count-- {
		size := get(at+4, 4)
		switch get(at, 4) {
		case 1: // LC_SEGMENT
			end = max(end, get(at+32, 4)+get(at+36, 4))
		case 0x19: // LC_SEGMENT_64
			end = max(end, get(at+40, 8)+get(at+48, 8))
		}
		if at += size; size < 8 {
			break
		}
	}
	return machine, end
}

func inspectPE(head []byte, get number) (machine string, end int64) {
	at := get(60, 4)
	if at+24 > int64(len(head)) || string(head[at:at+4]) != "PE\x00\x00" {
		return "MZ", 0
	}
	machine = fmt.Sprint("PE", get(at+4, 2))
	section, count := at+24+get(at+20, 2), get(at+6, 2)
	end = section + 40*count
	for ; count > 0 && section+40 <= int64(len(head)); count-- {
		end = max(end, get(section+16, 4)+get(section+20, 4))
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
