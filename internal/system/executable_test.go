package system

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// wantRefused fails the test unless a file is refused for a machine, for a reason.
func wantRefused(t *testing.T, what, name, machine, reason string) {
	t.Helper()
	err := CheckExecutable(name, machine)
	if err == nil || !strings.Contains(err.Error(), reason) {
		t.Errorf("%s: error %v, want that %s", what, err, reason)
	}
}

func save(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "app")
	check(t, os.WriteFile(name, []byte(content), mode))
	return name
}

// What runs these tests can be run, a copy of it too, and no part of it.
func TestCheckExecutable(t *testing.T) {
	exe := executable(t)
	machine := Machine(exe)
	if len(machine) < 4 {
		t.Errorf("this machine is %q", machine)
	}
	if err := CheckExecutable(exe, machine); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(exe)
	check(t, err)
	head := data[:16<<10]
	is, end := inspect(head)
	if is != machine || end <= 0 || end > int64(len(data)) {
		t.Errorf("%q, %d of %d bytes", is, end, len(data))
	}
	if err := CheckExecutable(save(t, string(data[:end]), 0o700), machine); err != nil {
		t.Error(err)
	}
	for _, n := range []int64{end - 1, end / 2, int64(len(head)), 4096} {
		name := save(t, string(data[:n]), 0o700)
		wantRefused(t, "cut short", name, machine, "is truncated")
		wantRefused(t, "cut short, of an unknown machine", name, "", "is truncated")
	}
	for n, reason := range map[int]string{0: "is empty", 1: "not an executable for", 3: "not an executable for", 20: "not an executable for"} {
		wantRefused(t, "begun", save(t, string(data[:n]), 0o700), machine, reason)
	}
	other := append([]byte(nil), data[:end]...)
	other[18]++ // on ELF the machine
	if strings.HasPrefix(machine, "ELF") {
		wantRefused(t, "another machine", save(t, string(other), 0o700), machine, "not an executable for this system and machine")
	}
}

func TestCheckExecutableMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no such permission")
	}
	data, err := os.ReadFile(executable(t))
	check(t, err)
	machine := Machine(executable(t))
	for mode, runs := range map[os.FileMode]bool{0o600: false, 0o644: false, 0o700: true, 0o755: true, 0o555: true} {
		name := save(t, string(data), 0o600)
		check(t, os.Chmod(name, mode))
		if runs {
			if err := CheckExecutable(name, machine); err != nil {
				t.Errorf("mode %o: %v", mode, err)
			}
		} else if os.Getuid() == 0 || mode&0o400 != 0 {
			wantRefused(t, "without permission", name, machine, "has no execute permission")
		}
	}
}

// A script is run by another program, so it is for any machine but the one of an executable.
func TestCheckExecutableOfOtherFiles(t *testing.T) {
	machine := Machine(executable(t))
	const foreign = "not an executable for this system and machine"
	script := save(t, "#!/bin/sh\necho hello\n", 0o700)
	wantRefused(t, "a script", script, machine, foreign)
	for _, of := range []string{"", Machine(script)} {
		if err := CheckExecutable(script, of); err != nil {
			t.Errorf("a script, for %q: %v", of, err)
		}
	}
	wantRefused(t, "an executable in place of a script", executable(t), Machine(script), foreign)
	wantRefused(t, "a text", save(t, "hello, world\n", 0o700), machine, foreign)
	wantRefused(t, "zeros", save(t, strings.Repeat("\x00", 4096), 0o700), machine, foreign)
	wantRefused(t, "an empty file", save(t, "", 0o700), machine, "is empty")
	wantRefused(t, "an empty file, of an unknown machine", save(t, "", 0o700), "", "is empty")
	dir := t.TempDir()
	wantRefused(t, "nothing", filepath.Join(dir, "missing"), machine, filepath.Join(dir, "missing"))
	if runtime.GOOS != "windows" { // where it cannot be opened
		wantRefused(t, "a directory", dir, machine, "is not a regular file")
	}
	for _, name := range []string{filepath.Join(dir, "missing"), dir, save(t, "", 0o700)} {
		if got := Machine(name); got != "" {
			t.Errorf("%s is for %q", name, got)
		}
	}
}

// Whatever a header says, nothing breaks.
func TestInspectNonsense(t *testing.T) {
	for _, start := range []string{"\x7fELF\x02\x01", "\x7fELF\x02\x02", "\x7fELF\x01\x01", "\x7fELF\x01\x02",
		"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "MZ", "MZ\x90\x00", "#!", "\x00asm", ""} {
		for _, fill := range []string{"\x00", "\x01", "\x7f", "\x80", "\xff", "\x40\x00\x00\x00"} {
			for _, size := range []int{0, 1, 8, 31, 32, 63, 64, 65, 100, 16 << 10} {
				head := (start + strings.Repeat(fill, size))[:max(len(start), size)]
				inspect([]byte(head))
			}
		}
	}
	// The offset of the PE header may be anything.
	for _, at := range []string{"\xff\xff\xff\xff", "\xff\xff\xff\x7f", "\x40\x00\x00\x00", "\x50\x00\x00\x00"} {
		inspect([]byte("MZ" + strings.Repeat("\x00", 58) + at + "PE\x00\x00" + strings.Repeat("\xff", 30)))
	}
}
