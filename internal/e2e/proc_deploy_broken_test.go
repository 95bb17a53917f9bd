package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Deploys that cannot run.

// broken are executables that cannot run, made of one that can.
var broken = []struct {
	name string
	make func(whole []byte) []byte
	mode os.FileMode
	says string
}{
	{"no permission", func(whole []byte) []byte { return whole }, 0o644, "no execute permission"},
	{"cut short", func(whole []byte) []byte { return whole[:len(whole)/2] }, 0o755, "truncated"},
	{"cut very short", func(whole []byte) []byte { return whole[:100] }, 0o755, ""},
	{"another machine", anotherMachine, 0o755, "not an executable for this system and machine"},
	{"script", func([]byte) []byte { return []byte("#!/bin/sh\necho child of a script\nexit 0\n") }, 0o755, "not an executable"},
	{"text", func([]byte) []byte { return []byte("not a program") }, 0o755, "not an executable"},
	{"empty", func([]byte) []byte { return nil }, 0o755, "empty"},
}

// anotherMachine has an ELF executable be for a machine that nobody has any more.
func anotherMachine(whole []byte) []byte {
	whole = bytes.Clone(whole)
	if bytes.HasPrefix(whole, []byte("\x7fELF")) {
		whole[18], whole[19] = 7, 7
		return whole
	}
	whole[4] ^= 0x55
	return whole
}

// unstartable looks like an executable, and the system refuses to start it.
func unstartable(t *testing.T, whole []byte) []byte {
	t.Helper()
	if !bytes.HasPrefix(whole, []byte("\x7fELF")) {
		t.Skip("knows ELF alone")
	}
	whole = bytes.Clone(whole)
	whole[16], whole[17] = 9, 9 // no type of a file that there is
	return whole
}

// put puts a file in the place of another, in one step.
func put(t *testing.T, exe string, content []byte, mode os.FileMode) {
	t.Helper()
	next := exe + ".new"
	writeProgram(t, next, content, mode)
	rename(t, next, exe)
}

// What cannot run does not end what can: the program runs on, and what ran last is launched
// again, until there is something that can run.
func TestDeployThatCannotRun(t *testing.T) {
	slow(t)
	good := markedProgram(t, 'B')
	for _, test := range broken {
		test := test
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := tempFile(t)
			exe, p := deployed(t, "-track="+file)
			put(t, exe, test.make(good), test.mode)
			if m := p.await("^restarter: .*app was replaced(.*)$"); !regexp.MustCompile("^, but cannot run: .*" + test.says + ".*; the old program keeps running$").MatchString(m[1]) {
				t.Fatal(m[0])
			}
			p.do("echo still here")
			p.await("^still here$")
			p.do("exit 75")
			p.version("A")
			save(t, file, "changed")
			p.await("^told: .*file$")
			p.version("A")
			deploy(t, exe, 'B')
			p.await("^restarter: .*app was replaced; restarting$")
			p.version("B")
			p.leaves(4)
			p.expect(1, "cannot run")
		})
	}
}

// One that only lacks the permission is launched when it has that.
func TestDeployThatIsPermittedLater(t *testing.T) {
	slow(t)
	exe, p := deployed(t)
	put(t, exe, markedProgram(t, 'B'), 0o644)
	p.await("cannot run: .* no execute permission")
	if err := os.Chmod(exe, 0o755); err != nil {
		t.Fatal(err)
	}
	p.await("^restarter: .*app was replaced; restarting$")
	p.version("B")
	p.leaves(2)
}

// One that comes in two pieces is launched when it is whole.
func TestDeployInPieces(t *testing.T) {
	slow(t)
	whole := markedProgram(t, 'B')
	exe, p := deployed(t)
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(exe, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	half := len(whole) / 2
	if _, err := f.Write(whole[:half]); err != nil {
		t.Fatal(err)
	}
	p.await("cannot run: .* truncated")
	p.do("echo still here")
	p.await("^still here$")
	if _, err := f.Write(whole[half:]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	p.await("^restarter: .*app was replaced; restarting$")
	p.version("B")
	p.leaves(2)
	p.expect(0, "cannot start")
}

// A directory, or nothing at all, in the place of the executable.
func TestDeployThatIsNoFile(t *testing.T) {
	slow(t)
	exe, p := deployed(t)
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(exe, 0o755); err != nil {
		t.Fatal(err)
	}
	p.await("^restarter: .*app was replaced, but cannot run: .*not a regular file; the old program keeps running$")
	p.do("exit 75")
	p.version("A")
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	copyProgram(t, exe, 'B')
	p.await("^restarter: .*app was replaced; restarting$")
	p.version("B")
	p.leaves(3)
	if left := entries(t, filepath.Dir(exe)); len(left) != 1 {
		t.Errorf("beside the executable there are %v", left)
	}
}

// One that its writer keeps open cannot be started on some systems. What ran last runs again, and the
// next deploy is launched.
func TestDeployKeptOpen(t *testing.T) {
	slow(t)
	exe, p := deployed(t)
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(exe, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(markedProgram(t, 'B')); err != nil {
		t.Fatal(err)
	}
	p.await("^restarter: .*app was replaced; restarting$")
	m := p.await(`^child \d+ of \d+ version -(\S+) `)
	p.do("echo still here")
	p.await("^still here$")
	f.Close()
	deploy(t, exe, 'C')
	p.version("C")
	p.leaves(3)
	if refused := p.count("cannot start the new program: .*; the last one runs again$"); (refused > 0) != (m[1] == "A") {
		t.Errorf("refused %d times, and %s runs", refused, m[1])
	}
}

// One that only the start shows to be unable to run, again and again: what ran last runs again each
// time, be it the program of the start or a later deploy, and each good deploy is launched.
func TestDeployThatCannotBeStarted(t *testing.T) {
	slow(t)
	bad := unstartable(t, markedProgram(t, 'X'))
	exe, p := deployed(t)
	for _, mark := range "ABCB" {
		if mark != 'A' {
			deploy(t, exe, byte(mark))
			p.await("^restarter: .*app was replaced; restarting$")
			p.version(string(mark))
		}
		for i := 0; i < 2; i++ {
			bad = append(bad, byte(mark), byte(i)) // another one each time
			put(t, exe, bad, 0o755)
			p.await("^restarter: .*app was replaced; restarting$")
			p.await("^restarter: cannot start the new program: .*; the last one runs again$")
			p.version(string(mark))
		}
	}
	deploy(t, exe, 'D')
	p.version("D")
	p.leaves(4 + 8 + 1)
}
