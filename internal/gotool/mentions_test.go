package gotool

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	self    = "github.com/lib537/restarter"
	minimal = "package main\n\nimport (\n\t\"os\"\n\n\t\"" + self + "\"\n)\n\nfunc main() {\n\tif restarter.IsParent() {\n\t\tos.Exit(restarter.LaunchChild())\n\t}\n"
)

// ways are programs, and which of the functions of ours they call.
var ways = []struct{ name, code, calls string }{
	{"none", minimal + "}", ""},
	{"track", minimal + "\trestarter.Track(\"x\")\n}", "Track"},
	{"asks", minimal + "\tfor !restarter.ShouldRestart() {\n\t}\n}", "ShouldRestart"},
	{"value", minimal + "\tf := []func() bool{restarter.ShouldRestart}\n\tprint(f[len(os.Args)-1]())\n}", "ShouldRestart"},
	{"deferred", minimal + "\tdefer restarter.ShouldRestart()\n}", "ShouldRestart"},
	{"context", minimal + "\trestarter.NotifyContext(nil)\n}", "NotifyContext"},
}

// askers is a module of these programs, and of one that calls a function of a package whose path
// the linker escapes.
func askers(t *testing.T) *module {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	m := newModule(t)
	m.write("go.mod", "module example.com/app\n\ngo 1.21\n\nrequire "+self+" v0.0.0\n\nreplace "+self+" => "+root+"\n")
	for _, way := range ways {
		m.write("cmd/"+way.name+"/main.go", way.code+"\n")
	}
	m.write("ask.v2/ask.go", "package ask\n\nimport \"sync/atomic\"\n\nvar answer atomic.Bool\n\n"+
		"func Whether() bool { return answer.Load() }\n\nfunc Never() bool { return answer.Load() }\n")
	m.write("cmd/dotted/main.go", "package main\n\nimport \"example.com/app/ask.v2\"\n\nfunc main() { print(ask.Whether()) }\n")
	return m
}

// wantMentions builds all programs in a way, and checks what each mentions.
func (m *module) wantMentions(flags ...string) {
	m.Helper()
	dir := m.TempDir()
	m.run(nil, "go", append(append([]string{"build", "-o", dir}, flags...), "./cmd/...")...)
	for _, way := range ways {
		exe := filepath.Join(dir, way.name+suffix())
		for _, function := range []string{"ShouldRestart", "NotifyContext", "Track"} {
			if got, want := Mentions(exe, self, function), function == way.calls; got != want {
				m.Errorf("%s %q: mentions %s: %t", way.name, flags, function, got)
			}
		}
		asks := way.calls != "" && way.calls != "Track"
		if got := Mentions(exe, self, "ShouldRestart", "NotifyContext"); got != asks {
			m.Errorf("%s %q: asks: %t", way.name, flags, got)
		}
		if Mentions(exe, "example.com/other/restarter", "ShouldRestart", "NotifyContext") {
			m.Errorf("%s %q: mentions a function of another package", way.name, flags)
		}
	}
	exe := filepath.Join(dir, "dotted"+suffix())
	if !Mentions(exe, "example.com/app/ask.v2", "Whether") || Mentions(exe, "example.com/app/ask.v2", "Never") {
		m.Errorf("%q: a package whose path has a dot in its last element", flags)
	}
}

// The name of a function stands in the executable if and only if the program calls it, however
// it was built.
func TestMentions(t *testing.T) {
	for _, flags := range []string{
		"", "-ldflags=-s -w", "-trimpath", "-race", "-buildmode=pie", "-gcflags=all=-l -N", "-ldflags=-s -w|-trimpath",
	} {
		flags := flags
		t.Run(flags, func(t *testing.T) {
			m := askers(t)
			if flags == "-race" {
				if out, err := exec.Command("go", "build", "-race", "-o", os.DevNull, "runtime/race").CombinedOutput(); err != nil {
					t.Skipf("the race detector does not work here: %s", out)
				}
			}
			m.wantMentions(strings.FieldsFunc(flags, func(r rune) bool { return r == '|' })...)
		})
	}
	t.Run(oldest, func(t *testing.T) {
		m := askers(t).with(oldest)
		m.wantMentions()
		m.wantMentions("-ldflags=-s -w")
	})
}

// The file is read in pieces, and the name may begin in one and end in the next.
func TestMentionsBetweenPieces(t *testing.T) {
	const piece = 256 << 10
	name := []byte(self + ".ShouldRestart\x00")
	f, err := os.Create(filepath.Join(t.TempDir(), "exe"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	blank := bytes.Repeat([]byte("x"), 3*piece)
	if _, err := f.Write(blank); err != nil {
		t.Fatal(err)
	}
	mentions := func() bool { return Mentions(f.Name(), self, "NotifyContext", "ShouldRestart") }
	places := []int{0, len(blank) - len(name)}
	for i := -3 * len(name); i <= 3; i++ {
		places = append(places, piece+i, 2*piece+i)
	}
	for _, at := range places {
		f.WriteAt(name, int64(at))
		if !mentions() {
			t.Errorf("a name at %d, %d bytes from the end of a piece, is not found", at, piece-at%piece)
		}
		f.WriteAt(name[:len(name)-1], int64(at))
		f.WriteAt([]byte("x"), int64(at+len(name)-1))
		if mentions() {
			t.Errorf("a longer name at %d is taken for it", at)
		}
		f.WriteAt(blank[:len(name)], int64(at))
	}
	// A file of exactly one piece, or of one byte more or less.
	for _, size := range []int{piece - 1, piece, piece + 1} {
		if err := f.Truncate(int64(size)); err != nil {
			t.Fatal(err)
		}
		f.WriteAt(blank[:piece+1][:size], 0)
		if mentions() {
			t.Errorf("%d bytes without the name", size)
		}
		f.WriteAt(name, int64(size-len(name)))
		if !mentions() {
			t.Errorf("the name at the end of %d bytes is not found", size)
		}
	}
}

// Where it cannot be found out, the program is taken to ask.
func TestMentionsOfNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{dir, filepath.Join(dir, "missing")} {
		if !Mentions(name, self, "ShouldRestart") {
			t.Errorf("%s is known not to ask", name)
		}
	}
}
