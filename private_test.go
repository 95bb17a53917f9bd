package restarter

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

var someRecipe = recipe{
	Command: "/usr/bin/go", Dead: "no\nlonger", Dir: "/src/ä b", Module: "example.com/app",
	Env: []string{"A=1", "B="}, Flags: []string{"-tags=x,y"}, Targets: []string{"main.go", "."}, Custom: []string{"make", "a b"},
}

// What one process writes, the next one reads.
func TestSettingsRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []settings{
		{},
		{
			Recipe: someRecipe, Program: "/bin/app", Began: math.MinInt64,
			Old:   stamp{mtime: 1, ctime: -2, size: math.MaxInt64, mode: os.ModeSymlink | 0o755, hash: math.MaxUint64},
			OldID: "id", Wd: "/", Interval: time.Hour, Grace: time.Second, Quiet: true,
		},
	} {
		if err := want.write(dir); err != nil {
			t.Fatal(err)
		}
		got, err := readSettings(dir)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want\n%+v, error %v", got, want, err)
		}
	}
}

func TestHandoverRoundTrip(t *testing.T) {
	dir := t.TempDir()
	s := settings{Program: "/bin/app", OldID: "old"}
	if h := readHandover(dir); h != nil {
		t.Errorf("a hand-over from nowhere: %+v", h)
	}
	if exe, id := nextProgram(dir, &s); exe != s.Program || id != s.OldID {
		t.Errorf("without a hand-over, %s %s is to run", exe, id)
	}
	want := handover{
		recipe: someRecipe, Exe: "/private/1/app", ID: "new", Alias: "alias", Known: true,
		Roots:   []root{{kind: pkg, source: true, path: "/src"}, {kind: glob, tracked: true, path: "/conf/*"}},
		Tracked: []string{"/conf/*", "/x"},
		Files: map[string]record{
			"/src/main.go": {stamp: stamp{mtime: 5, ctime: 6, size: 7, mode: 0o644, hash: 1 << 63}, source: true},
			"/conf/a":      {tracked: true},
			"/bin/app":     {stamp: stamp{mtime: -1}, kind: program},
		},
	}
	for _, h := range []handover{{Files: map[string]record{}}, want} {
		if err := h.write(dir); err != nil {
			t.Fatal(err)
		}
		if got := readHandover(dir); got == nil || !reflect.DeepEqual(*got, h) {
			t.Errorf("%+v, want\n%+v", got, h)
		}
		if exe, id := nextProgram(dir, &s); exe != h.Exe || id != h.ID {
			t.Errorf("%s %s is to run", exe, id)
		}
	}

	// Cut short anywhere, it is none, and nothing breaks.
	whole, err := os.ReadFile(filepath.Join(dir, "handover"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(filepath.Join(dir, "handover"), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if h := readHandover(dir); h != nil {
			t.Fatalf("cut after %d of %d bytes: %+v", n, len(whole), h)
		}
	}
}

// A parent of another version is told apart.
func TestFormat(t *testing.T) {
	dir := t.TempDir()
	var w wire
	w.int(format + 1)
	for _, name := range []string{"settings", "handover"} {
		if err := writeWhole(filepath.Join(dir, name), w); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := readSettings(dir); err != errFormat {
		t.Errorf("error %v", err)
	}
	if h := readHandover(dir); h != nil {
		t.Errorf("%+v", h)
	}
}

// A string that says to be longer than the file must not be believed.
func TestWireReaderOfNonsense(t *testing.T) {
	for _, n := range []int64{-1, 1, math.MaxInt64, math.MinInt64} {
		var w wire
		w.int(n)
		r := wireReader{data: w}
		if s := r.string(); s != "" || r.err == nil {
			t.Errorf("length %d: %q, error %v", n, s, r.err)
		}
		r = wireReader{data: w}
		if list := r.strings(); n > 0 && (r.err == nil || len(list) > 1) {
			t.Errorf("%d strings: %d, error %v", n, len(list), r.err)
		}
	}
}

func TestWriteWhole(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	for _, want := range []string{"a long content", "short", ""} {
		if err := writeWhole(name, []byte(want)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%q, want %q, error %v", got, want, err)
		}
	}
	if err := writeWhole(filepath.Join(dir, "missing", "x"), nil); err == nil {
		t.Error("written into a directory that is not there")
	}
	// Renaming onto a directory fails, and what was written is removed again.
	if err := os.MkdirAll(filepath.Join(dir, "full", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(filepath.Join(dir, "full"), nil); err == nil {
		t.Error("written onto a directory")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
