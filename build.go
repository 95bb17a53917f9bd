package restarter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// A recipe says how the running program was built, so that it can be built again.
type recipe struct {
	Command string   // the go command, by its full path; "" until resolved
	Dead    string   // why the go command cannot build the program, if so
	Dir     string   // where to build
	Module  string   // the main module, which Dir has to be in when it was not found on the stack
	Env     []string // what was set in the environment of the build
	Flags   []string
	Targets []string // what to build; of two, the first that builds
	Custom  []string // Launcher.Build
}

// newRecipe derives the recipe from what the linker recorded. mainFile is the file that
// holds main.main, "" if unknown; goRun says that go run built the program.
func newRecipe(info *debug.BuildInfo, mainFile string, goRun bool) (r recipe, warning string) {
	ldflags, trimmed := "", false
	for _, s := range info.Settings {
		switch {
		case s.Key == "-ldflags":
			ldflags = s.Value
		case s.Key == "-pgo" && filepath.Base(s.Value) == "default.pgo":
			// The go command finds it by itself.
		case strings.HasPrefix(s.Key, "-"):
			trimmed = trimmed || s.Key == "-trimpath" && s.Value == "true"
			r.Flags = append(r.Flags, s.Key+"="+s.Value)
		case strings.HasPrefix(s.Key, "CGO_") || strings.HasPrefix(s.Key, "GO"):
			r.Env = append(r.Env, s.Key+"="+s.Value)
		}
	}
	if goRun { // which links without debug information
		ldflags = strings.TrimSpace(ldflags + " -s -w")
	}
	if ldflags != "" {
		r.Flags = append(r.Flags, "-ldflags="+ldflags)
	}
	// The first edit would change vcs.modified, and so every program.
	r.Flags = append(r.Flags, "-buildvcs=false")
	if trimmed {
		warning = "built with -trimpath, which records neither -ldflags nor CGO flags; GOFLAGS can carry them"
	}

	r.Module, r.Targets = info.Main.Path, []string{info.Path}
	if filepath.IsAbs(mainFile) {
		r.Dir = filepath.Dir(mainFile)
	}
	if info.Path == "command-line-arguments" {
		r.Targets = []string{filepath.Base(mainFile), "."}
		if r.Dir == "" {
			r.Dead = `built from a list of files with -trimpath; use "go run ."`
		}
	}
	return r, warning
}

// mainFile returns the file of main.main, if that is on the stack.
func mainFile() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for {
		f, more := frames.Next()
		if f.Function == "main.main" {
			return f.File
		}
		if !more {
			return ""
		}
	}
}

// resolve finds the go command and the directory, where they are not known, and says in
// Dead why it cannot. Elsewhere are the directories from which to look for the module.
func (r *recipe) resolve(ctx context.Context, private string, elsewhere ...string) {
	if r.Dead != "" || r.Command != "" {
		return
	}
	if len(r.Custom) > 0 && r.Dir == "" {
		r.Dir = elsewhere[0]
	}
	path, err := exec.LookPath("go")
	if err != nil {
		r.Dead = "no go command in PATH"
		return
	}
	if path, err = filepath.Abs(path); err != nil {
		r.Dead = err.Error()
		return
	}
	r.Command = path
	if info, err := os.Stat(r.Dir); r.Dir != "" && err == nil && info.IsDir() {
		return
	}
	for _, dir := range elsewhere {
		at := recipe{Command: r.Command, Dir: dir}
		out, _ := at.tool(ctx, private, "list", "-m", "-f", "{{.Path}}\t{{.Dir}}")
		for _, line := range strings.Split(out, "\n") {
			if path, found, _ := strings.Cut(strings.TrimSpace(line), "\t"); path == r.Module && found != "" {
				r.Dir = found
				return
			}
		}
	}
	r.Command, r.Dead = "", "the sources of "+r.Targets[0]+" are not here"
}

// run runs the go command, or Launcher.Build, in a process group of its own: when ctx ends it is
// interrupted, with its compilers, and soon killed. The file record, meanwhile, tells the parent whom
// to kill if this process is. It is made before the start: between that and the record, nobody
// could end the command of a process that is killed.
func (r *recipe) run(ctx context.Context, record string, stdout, stderr *bytes.Buffer, args, env []string) error {
	f, err := os.Create(record)
	if err != nil {
		return err
	}
	defer os.Remove(record)
	defer f.Close()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.Dir, stdout, stderr
	// A tenth of the time from edit to answer goes to garbage collection in the go command,
	// the compiler and the linker. The user's own GOGC comes later, and counts.
	cmd.Env = append([]string{"GOGC=400"}, os.Environ()...)
	cmd.Env = append(append(append(cmd.Env, variable+"=", "PWD="+r.Dir), r.Env...), env...)
	ownGroup(cmd)
	cmd.Cancel = func() error { return interruptGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	fmt.Fprint(f, cmd.Process.Pid)
	err = cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil // it has left something running that holds its output
	}
	if err != nil {
		killGroup(cmd.Process.Pid)
	}
	return err
}

// tool returns what a call of the go command prints.
func (r *recipe) tool(ctx context.Context, private string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	args = append([]string{r.Command}, args...)
	if err := r.run(ctx, filepath.Join(private, "list"), &stdout, &stderr, args, nil); err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[1], err, strings.Join(strings.Fields(stderr.String()), " "))
	}
	return stdout.String(), nil
}

// build makes the executable out and returns what the compiler had to say.
func (r *recipe) build(ctx context.Context, private, out string) (said []byte, err error) {
	tmp := filepath.Join(private, "tmp") // an interrupted go command leaves its work folder behind
	defer os.RemoveAll(tmp)
	targets := r.Targets
	if len(r.Custom) > 0 {
		targets = []string{""}
	}
	for i, target := range targets {
		args := r.Custom
		if len(args) == 0 {
			args = append(append([]string{r.Command, "build", "-o", out}, r.Flags...), target)
		}
		os.Mkdir(tmp, 0o700)
		var text bytes.Buffer
		err2 := r.run(ctx, filepath.Join(private, "build"), &text, &text, args, []string{"GOTMPDIR=" + tmp, "RESTARTER_OUTPUT=" + out})
		if err2 == nil {
			if info, err := os.Stat(out); err != nil || info.Size() == 0 {
				return text.Bytes(), errors.New("no executable in $RESTARTER_OUTPUT")
			}
			if len(r.Custom) == 0 {
				r.Targets = targets[i : i+1]
			}
			return text.Bytes(), nil
		}
		if len(said) == 0 {
			said, err = text.Bytes(), err2
		}
		if ctx.Err() != nil {
			break
		}
	}
	return said, err
}

// endCommands kills a build and a listing that a dead child has left running.
func endCommands(private string) {
	for _, name := range []string{"build", "list"} {
		record := filepath.Join(private, name)
		data, _ := os.ReadFile(record)
		if pid, err := strconv.Atoi(string(data)); err == nil && pid > 1 {
			killGroup(pid)
		}
		os.Remove(record)
	}
}
