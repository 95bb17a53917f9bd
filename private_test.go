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
			Old:   stamp{Mtime: 1, Ctime: -2, Size: math.MaxInt64, Mode: os.ModeSymlink | 0o755, Hash: math.MaxUint32},
			OldID: "id", Wd: "/", Interval: time.Hour, Grace: time.Second, Quiet: true,
		},
	} {
		if err := writeFile(dir, "settings", want); err != nil {
			t.Fatal(err)
		}
		var got settings
		if err := readFile(dir, "settings", &got); err != nil || !reflect.DeepEqual(got, want) {
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
	if got := nextProgram(dir, &s); got != (next{Exe: s.Program, ID: s.OldID}) {
		t.Errorf("without a hand-over, %v is to run", got)
	}
	want := handover{
		next: next{"/private/1/app", "new", 3}, recipe: someRecipe, Alias: "alias", Known: true,
		Roots:   []root{{Kind: pkg, Source: true, Path: "/src"}, {Kind: glob, Tracked: true, Path: "/conf/*"}},
		Pending: change{"/src/a", "/x", ""}, Recent: []string{"/x"}, Awake: -1,
		Files: fileSet{Dirs: []string{"/bin", "/src"}, Names: "appmain.go", Patterns: []string{"", "*"}, Folders: 1, Records: []record{
			{stamp: stamp{Mtime: 1, Mode: os.ModeDir, Hash: 1}, Dir: 1, Pattern: 1, Kind: glob, Tracked: true, Fresh: true},
			{stamp: stamp{Mtime: -1}, Length: 3, Kind: program},
			{stamp: stamp{Mtime: 5, Ctime: 6, Size: 7, Mode: 0o644, Hash: 1 << 31}, Dir: 1, Name: 3, Length: 7, Source: true},
		}},
	}
	for _, h := range []handover{{}, want} {
		if err := writeFile(dir, "handover", h); err != nil {
			t.Fatal(err)
		}
		if got := readHandover(dir); got == nil || !reflect.DeepEqual(*got, h) {
			t.Errorf("%+v, want\n%+v", got, h)
		}
		if got := nextProgram(dir, &s); got != h.next {
			t.Errorf("%v is to run", got)
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
	f := folder{t, dir}
	f.check(writeFile(dir, "handover", handover{}))
	data, err := os.ReadFile(f.path("handover"))
	f.check(err)
	data[0] += 2 // a varint: the next number
	f.check(os.WriteFile(f.path("handover"), data, 0o600))
	if err := readFile(dir, "handover", new(handover)); err != errFormat {
		t.Errorf("error %v", err)
	}
	if h := readHandover(dir); h != nil {
		t.Errorf("%+v", h)
	}
}

// A length beyond the end of the file must not be believed.
func TestReadNonsense(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int64{-1, 10, math.MaxInt64, math.MinInt64} {
		if err := writeFile(dir, "x", struct{ N int64 }{n}); err != nil {
			t.Fatal(err)
		}
		var text struct{ S string }
		if err := readFile(dir, "x", &text); err == nil {
			t.Errorf("length %d: %q", n, text.S)
		}
		var list struct{ L []string }
		if err := readFile(dir, "x", &list); err == nil || len(list.L) > 10 {
			t.Errorf("%d strings: %d, error %v", n, len(list.L), err)
		}
	}
}

// A file appears whole or not at all, and nothing else is left.
func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"a long content", "short", ""} {
		if err := writeFile(dir, "x", struct{ S string }{want}); err != nil {
			t.Fatal(err)
		}
		var got struct{ S string }
		if err := readFile(dir, "x", &got); err != nil || got.S != want {
			t.Errorf("%q, want %q, error %v", got.S, want, err)
		}
	}
	if err := writeFile(filepath.Join(dir, "missing"), "x", struct{}{}); err == nil {
		t.Error("written into a directory that is not there")
	}
	// Renaming onto a directory fails.
	if err := os.MkdirAll(filepath.Join(dir, "full", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(dir, "full", struct{}{}); err == nil {
		t.Error("written onto a directory")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
