package watch

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var raceDetector bool // whether it is on

// programs are what this test binary can be started as, by the variable programVar.
var programs = map[string]func(){}

const programVar = "WATCH_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programVar); name != "" {
		programs[name]()
		os.Exit(0)
	}
	// The go command would have each look at a file logged, 600 MB of them, and read that for minutes.
	flag.Parse()
	flag.Set("test.testlogfile", "")
	os.Exit(m.Run())
}

// A folder is a directory of files that a test changes.
type folder struct {
	testing.TB
	dir string
}

// newFolder makes files, each with its name for content, and old times.
func newFolder(t testing.TB, names ...string) folder {
	t.Helper()
	f := folder{t, t.TempDir()}
	for _, name := range names {
		f.write(name, name)
		f.age(name, time.Hour)
	}
	return f
}

func (f folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f folder) write(name, content string) {
	f.Helper()
	f.check(os.MkdirAll(filepath.Dir(f.path(name)), 0o755))
	f.check(os.WriteFile(f.path(name), []byte(content), 0o644))
}

// another makes a file that is like one of the folder: another name of it, which is made sooner
// than a file, where that is possible.
func (f folder) another(name, like string) {
	f.Helper()
	if os.Link(f.path(like), f.path(name)) != nil {
		f.write(name, like)
		f.age(name, time.Hour)
	}
}

// age sets the times of a file to so long ago.
func (f folder) age(name string, age time.Duration) {
	f.Helper()
	then := time.Now().Add(-age)
	f.check(os.Chtimes(f.path(name), then, then))
}

// replace does what most editors do: another file takes the place of this one.
func (f folder) replace(name, content string) {
	f.Helper()
	f.write(name+"~", content)
	f.check(os.Rename(f.path(name+"~"), f.path(name)))
}

func (f folder) remove(name string) {
	f.Helper()
	f.check(os.RemoveAll(f.path(name)))
}

// link makes a symbolic link, or skips the test where that takes a privilege. A link that is
// there points somewhere else then.
func (f folder) link(name, to string) {
	f.Helper()
	if err := os.Symlink(filepath.FromSlash(to), f.path(name+"~")); err != nil {
		f.Skip(err)
	}
	f.check(os.Rename(f.path(name+"~"), f.path(name)))
}

func (f folder) check(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// roots returns those whose names in the folder are given.
func (f folder) roots(roots ...Root) []Root {
	for i := range roots {
		roots[i].Path = f.path(roots[i].Path)
	}
	return roots
}

// poller watches roots, given by their names in the folder.
func (f folder) poller(roots ...Root) *Poller {
	p := New(0)
	p.Watch(f.roots(roots...))
	return p
}

// want compares what was seen with a file of the folder, watched for one purpose; "" is none.
func (f folder) want(c Change, p Purpose, name string) {
	f.Helper()
	want := Change{}
	if name != "" {
		want[p] = f.path(name)
	}
	if c != want {
		f.Errorf("%q, want %q", c, want)
	}
}

// A statFunc is os.Stat, or something like it.
type statFunc = func(string) (os.FileInfo, error)

// mtimeOnly is os.Stat without the identity and the time of the last change of any kind,
// which only some systems have. A file with an old time is not fresh then, as it is a while
// after it was made.
func mtimeOnly(name string) (os.FileInfo, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	return plainInfo{info, info.ModTime()}, nil
}

type plainInfo struct {
	fs.FileInfo
	mtime time.Time
}

func (i plainInfo) ModTime() time.Time { return i.mtime }
func (i plainInfo) Sys() any           { return nil }
