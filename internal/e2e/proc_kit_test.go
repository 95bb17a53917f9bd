package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// What the tests of processes have in common: files, and copies of this test binary.

// tempFile makes a file in a directory of its own.
func tempFile(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	save(t, name, "1")
	return name
}

// save writes a file in place, as most editors do.
func save(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func rename(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// entries returns the names in a directory.
func entries(t testing.TB, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		names = append(names, d.Name())
	}
	return names
}

// private returns the private directory of a process, the only one in its temporary directory.
func (p *process) private() string {
	p.t.Helper()
	names := entries(p.t, p.tmp)
	if len(names) != 1 {
		p.t.Fatalf("there are %v, want one private directory", names)
	}
	return filepath.Join(p.tmp, names[0])
}

// wantExit waits for the end of a process and of all that have its output, and fails the test if the
// exit code is another.
func (p *process) wantExit(want int) {
	p.t.Helper()
	late := time.AfterFunc(time.Until(deadline(p.t)), func() {
		p.t.Error("the process does not end")
		p.cmd.Process.Kill()
	})
	defer late.Stop()
	if code := p.exit(); code != want {
		p.t.Errorf("exit code %d, want %d", code, want)
	}
	p.drain()
}

// contentHash returns the last of the four hashes that the go command has written into an
// executable: that of its content.
func contentHash(executable []byte) string {
	hashes := regexp.MustCompile(`[\w-]{20}/[\w-]{20}/[\w-]{20}/([\w-]{20})`)
	m := hashes.FindSubmatch(executable[:min(len(executable), 64<<10)])
	if m == nil {
		return ""
	}
	return string(m[1])
}

// markedProgram returns this test binary. As another program, if mark is not 0: the hash of its
// content ends in mark.
func markedProgram(t testing.TB, mark byte) []byte {
	t.Helper()
	data, err := os.ReadFile(executable(t))
	if err != nil {
		t.Fatal(err)
	}
	if mark != 0 {
		hash := contentHash(data)
		if hash == "" {
			t.Skip("the test binary has no build ID")
		}
		// The slash leaves out the first of the hashes, which may be the same.
		data = bytes.ReplaceAll(data, []byte("/"+hash), []byte("/"+hash[:len(hash)-1]+string(mark)))
	}
	return data
}

// writeProgram writes a new file. No other test starts a process meanwhile, for that would have the
// file open for writing too, for a moment, and it could not be executed.
func writeProgram(t testing.TB, name string, content []byte, mode os.FileMode) {
	t.Helper()
	var err error
	withoutForks(func() { err = os.WriteFile(name, content, mode) })
	if err != nil {
		t.Fatal(err)
	}
}

// copyProgram writes a markedProgram to a new file.
func copyProgram(t testing.TB, name string, mark byte) {
	t.Helper()
	writeProgram(t, name, markedProgram(t, mark), 0o755)
	if runtime.GOOS == "darwin" { // where a changed executable has to be signed anew
		if out, err := exec.Command("codesign", "-f", "-s", "-", name).CombinedOutput(); err != nil {
			t.Skipf("codesign: %v\n%s", err, out)
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
