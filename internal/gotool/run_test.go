package gotool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func init() {
	// show writes its environment, its directory and its arguments to the file.
	programs["show"] = func() {
		dir, err := os.Getwd()
		check(err)
		lines := append(os.Environ(), "in "+dir, fmt.Sprintf("args %q", os.Args))
		check(os.WriteFile(os.Getenv(OutputVariable), []byte(strings.Join(lines, "\n")), 0o600))
	}
	programs["fail"] = func() {
		fmt.Println("on standard output")
		fmt.Fprintln(os.Stderr, "on standard error")
		os.Exit(3)
	}
	programs["idle"] = func() {}
	programs["empty"] = func() { check(os.WriteFile(os.Getenv(OutputVariable), nil, 0o700)) }
}

// runs is a recipe that runs this test binary as one of programs.
func runs(t *testing.T, program string, env ...string) *Recipe {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &Recipe{
		Build: []string{executable(t), "a b"}, Generate: []string{executable(t), "c d"}, Dir: dir,
		Env: append(env, programVar+"="+program, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"), "GORACE=atexit_sleep_ms=0"),
	}
}

// shown runs the program "show" as a build and returns what it has written. tmp is the folder
// for the go command.
func shown(t *testing.T, r *Recipe) (lines []string, out, tmp string) {
	t.Helper()
	out, tmp = filepath.Join(t.TempDir(), "out"), t.TempDir()
	if said, err := r.Make(context.Background(), out, tmp); err != nil || len(said) > 0 {
		t.Fatalf("%v\n%s", err, said)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n"), out, tmp
}

// What this process has done to its own environment and directory since does not count.
func TestCommandsRunInTheGivenEnvironment(t *testing.T) {
	t.Setenv("GIVEN", "changed")
	t.Setenv("ADDED", "1")
	t.Setenv("GOFLAGS", "-nonsense")
	r := runs(t, "show", "GIVEN=1", "TWICE=1", "TWICE=2", "GONE=1", "PWD=/elsewhere")
	r.Without = []string{"GONE", "ALSO"}
	r.settings = []string{"GOARCH=amd64", "CGO_CFLAGS=-O1 -g"}
	lines, out, tmp := shown(t, r)
	want := []string{
		"GIVEN=1", "TWICE=2", programVar + "=show", "GOGC=400", "PWD=" + r.Dir, "GOARCH=amd64", "CGO_CFLAGS=-O1 -g",
		"GOTMPDIR=" + tmp, OutputVariable + "=" + out, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "GORACE=atexit_sleep_ms=0",
		"in " + r.Dir, fmt.Sprintf("args %q", r.Build),
	}
	slices.Sort(want)
	slices.Sort(lines)
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("%q, want\n%q", lines, want)
	}
}

// A generator has the environment of the user, not the settings of the executable: it may build programs of its own.
func TestGeneratorRunsInTheGivenEnvironment(t *testing.T) {
	r := runs(t, "show", "GIVEN=1")
	r.settings = []string{"GOARCH=amd64", "CGO_ENABLED=0"}
	out := filepath.Join(t.TempDir(), "out")
	r.Generate, r.Env = r.Build, append(r.Env, OutputVariable+"="+out)
	if said, err := r.Generates(context.Background()); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	data, err := os.ReadFile(out)
	if lines := strings.Split(string(data), "\n"); err != nil || !slices.Contains(lines, "GIVEN=1") || slices.Contains(lines, "CGO_ENABLED=0") {
		t.Errorf("%v, %q", err, lines)
	}
}

// A command may print without end.
func TestEnding(t *testing.T) {
	var e ending
	for i := 0; i < 100; i++ {
		part := bytes.Repeat([]byte{byte(i)}, 30<<10)
		if n, err := e.Write(part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if n := len(e.said); n < longestSaid || n > 2*longestSaid || e.said[n-1] != 99 || e.said[0] < 29 {
		t.Errorf("%d bytes are kept, from part %d to %d", n, e.said[0], e.said[n-1])
	}
}

func TestTheUsersGOGCCounts(t *testing.T) {
	lines, _, _ := shown(t, runs(t, "show", "GOGC=50"))
	if !slices.Contains(lines, "GOGC=50") || slices.Contains(lines, "GOGC=400") {
		t.Errorf("%q", lines)
	}
}

// The go command is the one of the given PATH, and runs in the given environment.
func TestTheGoCommandRunsInTheGivenEnvironment(t *testing.T) {
	m := newModule(t, "main.go", hello)
	fake := t.TempDir()
	if err := os.Link(executable(t), filepath.Join(fake, "go"+suffix())); err != nil {
		t.Skip(err)
	}
	exe := m.build("build", ".")
	m.set("HERE=1")
	m.set("GOGC=off")
	for name, value := range map[string]string{"PATH": fake, "GOFLAGS": "-nonsense", "GOROOT": fake, "GOCACHE": "/nowhere", "HOME": "/nowhere"} {
		t.Setenv(name, value)
	}
	r := m.recipe(exe, m.path("main.go"), false)
	if id := m.makes(r, ""); id != m.id(r, exe) {
		t.Errorf("made %s, which is not what runs, %s", id, m.id(r, exe))
	}
	if _, err := r.List(context.Background()); err != nil {
		t.Error(err)
	}
}

// A command without a directory in its name is looked for in the given PATH; another one is of the
// directory in which it runs.
func TestWhereACommandIsFound(t *testing.T) {
	bin, other := t.TempDir(), t.TempDir()
	tool := "tool" + suffix()
	for _, dir := range []string{bin, other} {
		if err := os.Link(executable(t), filepath.Join(dir, tool)); err != nil {
			t.Skip(err)
		}
	}
	t.Setenv("PATH", other)
	r := runs(t, "show", pathVariable()+"="+strings.Join([]string{"", ".", "relative", filepath.Join(bin, "missing"), bin}, string(os.PathListSeparator)))
	r.Build = []string{"tool", "x"}
	lines, _, _ := shown(t, r)
	if want := `args ["tool" "x"]`; !slices.Contains(lines, want) {
		t.Errorf("%q, want %s", lines, want)
	}

	r.Build = []string{"lacking"}
	_, err := r.Make(context.Background(), filepath.Join(bin, "out"), bin)
	if err == nil || !strings.HasPrefix(err.Error(), "lacking: executable file not found in ") || strings.Count(err.Error(), " in ") > 1 {
		t.Errorf("error %v", err)
	}
	// Only the PATH of this process has it, or the directory in which the command runs.
	r.Dir = other
	r.Build = []string{"tool"}
	r.Env = []string{pathVariable() + "=" + strings.Join([]string{".", "relative"}, string(os.PathListSeparator))}
	if _, err := r.Make(context.Background(), filepath.Join(bin, "out"), bin); err == nil {
		t.Error("a command was found that is not in the given PATH")
	}

	r = runs(t, "show")
	if err := os.Rename(filepath.Join(bin, tool), filepath.Join(r.Dir, tool)); err != nil {
		t.Skip(err)
	}
	r.Build = []string{"." + string(filepath.Separator) + tool}
	lines, _, _ = shown(t, r)
	if want := fmt.Sprintf("args %q", r.Build); !slices.Contains(lines, want) {
		t.Errorf("%q, want %s", lines, want)
	}
}

func pathVariable() string {
	if runtime.GOOS == "plan9" {
		return "path"
	}
	return "PATH"
}

// What a failing command says is returned with its exit code.
func TestACommandThatFails(t *testing.T) {
	r := runs(t, "fail")
	out := filepath.Join(t.TempDir(), "out")
	const words = "on standard output\non standard error\n"
	ctx := context.Background()
	made, err1 := r.Make(ctx, out, t.TempDir())
	reproduced, err2 := r.Reproduce(ctx, "id", out, t.TempDir())
	generated, err3 := r.Generates(ctx)
	for what, result := range map[string]struct {
		said []byte
		err  error
	}{"Make": {made, err1}, "Reproduce": {reproduced, err2}, "Generates": {generated, err3}} {
		said := strings.ReplaceAll(string(result.said), "\r\n", "\n")
		if want := filepath.Base(r.Build[0]) + ": exit code 3"; said != words || result.err == nil || result.err.Error() != want {
			t.Errorf("%s said %q, error %v, want %q, error %s", what, said, result.err, words, want)
		}
	}
}

// A command that leaves with 0 and has written no executable has failed.
func TestACommandThatMakesNothing(t *testing.T) {
	for _, program := range []string{"idle", "empty"} {
		r := runs(t, program)
		out := filepath.Join(t.TempDir(), "out")
		if _, err := r.Make(context.Background(), out, t.TempDir()); err == nil || err.Error() != "no executable in $"+OutputVariable {
			t.Errorf("%s: error %v", program, err)
		}
	}
	// A generator makes no executable.
	if said, err := runs(t, "idle").Generates(context.Background()); err != nil || len(said) > 0 {
		t.Errorf("%q, error %v", said, err)
	}
}

func TestTheDirectoryIsGone(t *testing.T) {
	r := runs(t, "idle")
	r.Dir = filepath.Join(r.Dir, "gone")
	if _, err := r.Generates(context.Background()); err == nil || err.Error() != "the directory "+r.Dir+" does not exist" {
		t.Errorf("error %v", err)
	}
}

// Who asks is told of each command, and of its process group while it runs.
func TestStartedAndEnded(t *testing.T) {
	r := runs(t, "idle")
	var told bytes.Buffer
	group := 0
	r.Ran = func(dir string, args []string) { fmt.Fprintf(&told, "in %s: %q. ", dir, args) }
	r.Started = func(n int) {
		group = n
		told.WriteString("started. ")
	}
	r.Ended = func(n int) { fmt.Fprintf(&told, "ended: %t. ", n == group) }
	r.Generates(context.Background())
	if want := fmt.Sprintf("in %s: %q. started. ended: true. ", r.Dir, r.Generate); told.String() != want || group <= 0 {
		t.Errorf("%s, want %s, of group %d", &told, want, group)
	}

	told.Reset()
	r.Generate = []string{filepath.Join(r.Dir, "missing")}
	if _, err := r.Generates(context.Background()); !errors.Is(err, os.ErrNotExist) || strings.Contains(told.String(), "started") {
		t.Errorf("error %v, told: %s", err, &told)
	}
}
