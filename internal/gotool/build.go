package gotool

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/lib537/restarter/internal/system"
)

// Make builds the program and writes the executable to the file out. It returns what the
// compiler had to say. tmp is an empty directory for the go command, which leaves things
// there when it is interrupted.
func (r *Recipe) Make(ctx context.Context, out, tmp string) (said []byte, err error) {
	if len(r.Build) > 0 {
		return r.make(ctx, out, tmp, r.Build)
	}
	said, err = r.build(ctx, out, tmp)
	switch {
	case err == nil || ctx.Err() != nil:
	case len(r.candidates) > 1:
		said = append(said, "restarter: the program was built from a list of files, and it is not known which; start it with \"go run .\", or set Launcher.Build\n"...)
	case r.beside && !r.Chosen && bytes.Contains(said, []byte("package "+r.path)):
		// Somebody has renamed the module, so that package main has another path.
		was := r.targets
		r.targets = []string{r.Dir}
		if said, err = r.build(ctx, out, tmp); err != nil {
			r.targets = was // but the second message is the better one: it does not speak of the path
		}
	}
	return said, err
}

func (r *Recipe) build(ctx context.Context, out, tmp string) (said []byte, err error) {
	args := append([]string{r.command, "build", "-o", out}, r.flags...)
	ldflags := r.ldflags
	if r.goRun { // which links without debug information
		ldflags = strings.TrimSpace(ldflags + " -s -w")
	}
	if ldflags != "" {
		args = append(args, "-ldflags="+ldflags)
	}
	// The first edit would change vcs.modified, and so every program.
	said, err = r.make(ctx, out, tmp, append(append(args, "-buildvcs=false"), r.from(r.targets)...))
	if err == nil && isArchive(out) {
		err = fmt.Errorf("package %s is not a main package", r.path)
	}
	return said, err
}

// isArchive reports whether go build has written a package that is not a program.
func isArchive(name string) bool {
	const magic = "!<arch>"
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(magic))
	f.Read(head)
	return string(head) == magic
}

// Exact reports whether Make reproduces what runs, to the byte: then there is no need to call
// both it and Reproduce.
func (r *Recipe) Exact() bool { return !r.goRun && !r.stamped && len(r.Build) == 0 }

// Reproduce builds the program just as the running one was built, with the stamp of the
// version control system and as go run does it. Of several lists of files that it may have
// been built from, and of the user's directory and Dir, it finds the one that makes the executable
// with the content ID id. The executable is left in out; what it makes is the running program if
// and only if its content ID is id.
func (r *Recipe) Reproduce(ctx context.Context, id, out, tmp string) (said []byte, err error) {
	if len(r.Build) > 0 {
		return r.make(ctx, out, tmp, r.Build)
	}
	if len(r.candidates) < 2 {
		said, err = r.reproduce(ctx, out, tmp)
		if r.Where() != r.Dir && !r.goRun && !r.made(out, id) {
			there, other := r.there, out+".other"
			r.there = ""
			if text, err := r.reproduce(ctx, other, tmp); err == nil && r.made(other, id) && os.Rename(other, out) == nil {
				return text, nil // it was built there
			}
			os.Remove(other)
			r.there = there
		}
		return said, err
	}
	first := r.targets // or the first list that builds
	for i, list := range r.candidates {
		r.targets = list
		text, err2 := r.reproduce(ctx, out, tmp)
		if err2 == nil && r.made(out, id) {
			r.candidates = nil
			return text, nil
		}
		if i == 0 || err != nil && err2 == nil {
			first, said, err = list, text, err2
		}
		if ctx.Err() != nil || len(r.Files) > 0 {
			break // where the list is known, the sources have changed since
		}
	}
	if r.targets = first; err == nil && ctx.Err() == nil {
		r.candidates = nil
		return r.reproduce(ctx, out, tmp) // what is in out may be of another list
	}
	return said, err
}

// made reports whether an executable has the content ID id.
func (r *Recipe) made(out, id string) bool {
	made, err := r.ContentID(out)
	return err == nil && made == id
}

func (r *Recipe) reproduce(ctx context.Context, out, tmp string) (said []byte, err error) {
	flags := r.flags
	if r.ldflags != "" {
		flags = append(flags[:len(flags):len(flags)], "-ldflags="+r.ldflags)
	}
	if r.goRun {
		// By -exec, go run copies the executable instead of running it. The program could copy itself,
		// but its packages would be initialised, in a place that they do not expect.
		args := append([]string{r.command, "run", "-exec", system.CopyCommand}, flags...)
		if r.stamped {
			args = append(args, "-buildvcs=true") // go run stamps only when it is told to
		}
		return r.make(ctx, out, tmp, append(append(args, r.from(r.targets)...), out))
	}
	stamp, env := "-buildvcs=false", []string(nil)
	if r.stamped {
		stamp = "-buildvcs=auto"
	}
	if r.clean && r.getenv("GIT_CONFIG_COUNT") == "" {
		// A file that was added since is not a modification: the executable itself may be one.
		env = []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=status.showUntrackedFiles", "GIT_CONFIG_VALUE_0=no"}
	}
	args := append([]string{r.command, "build", "-o", out}, flags...)
	return r.make(ctx, out, tmp, append(append(args, stamp), r.from(r.targets)...), env...)
}

// Generates runs the command Generate, and returns what it had to say.
func (r *Recipe) Generates(ctx context.Context) (said []byte, err error) {
	var text ending
	err = r.run(ctx, r.Dir, &text, &text, r.Generate, nil)
	return text.said, err
}

// make runs a command that writes an executable to out.
func (r *Recipe) make(ctx context.Context, out, tmp string, args []string, env ...string) (said []byte, err error) {
	var text ending
	env = append(append(env, r.settings...), "GOTMPDIR="+tmp, OutputVariable+"="+out)
	if err := r.run(ctx, r.Where(), &text, &text, args, env); err != nil {
		return text.said, err
	}
	if info, err := os.Stat(out); err != nil || info.Size() == 0 {
		return text.said, fmt.Errorf("no executable in $%s", OutputVariable)
	}
	return text.said, nil
}

// An ending holds what a command prints last: it may print without end.
type ending struct{ said []byte }

const longestSaid = 1 << 20

func (e *ending) Write(text []byte) (int, error) {
	if e.said = append(e.said, text...); len(e.said) > 2*longestSaid {
		e.said = append(e.said[:0], e.said[len(e.said)-longestSaid:]...)
	}
	return len(text), nil
}
