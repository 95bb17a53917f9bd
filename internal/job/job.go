// Package job does what takes time, beside the polling: it lists the sources, runs the generator, or
// builds the program with a listing beside it.
//
// A job promises to end soon after it was cancelled, with every process that it has started, and
// to touch nothing that belongs to others: it has a recipe of its own, and builds in a new folder.
//
// It knows nothing of when a job is due, and of what becomes of its results.
package job

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/lib537/restarter/internal/gotool"
	"github.com/lib537/restarter/internal/private"
	"github.com/lib537/restarter/internal/watch"
)

// A Kind is what a job does.
type Kind string

// The kinds of jobs, as a person reads them.
const (
	Listing    Kind = "listing"
	Generating Kind = "generating"
	Building   Kind = "building"
)

// A Job is one of them. What it has found may be read when it was sent to done.
type Job struct {
	Kind    Kind
	Changed string // what it was begun for, "" if for nothing that the user did
	Again   bool   // a listing that has failed before, while an older list serves
	Prove   bool   // compare what runs with what its sources build
	Runs    string // the content ID of what runs

	Recipe  *gotool.Recipe // the job's own, with what it has found out
	Started time.Time

	Missing error // why nothing can be built
	Roots   []watch.Root
	ListErr error
	ListCut bool   // it has taken too long: that says nothing of the next
	Exe, ID string // what was built
	Proof   string // the content ID of what the sources build when built as what runs was
	Doubt   string // why there is no proof
	Said    []byte // by a command that has failed
	Err     error
	NoPlace bool // no folder could be made in the private directory

	Context context.Context
	Cancel  context.CancelFunc // has the job end
}

// A Place is where a job is done.
type Place struct {
	Program string       // the executable, as it was named
	Running string       // a name that leads to the file that the parent was started from
	Dir     string       // the working directory
	Private *private.Dir // for what is built
}

const (
	// How long a listing may go on after the build beside it. It needs a tenth of this, unless it hangs.
	listLater = 10 * time.Second
	// How long a listing by itself may take. It may have to download modules.
	listLimit = time.Minute
)

// Begin begins a job, by a copy of a recipe.
func (j *Job) Begin(ctx context.Context, recipe gotool.Recipe, at Place, done chan<- *Job) {
	j.Context, j.Cancel = context.WithCancel(ctx)
	j.Recipe, j.Started = &recipe, time.Now()
	go func() {
		defer func() { done <- j }()
		if j.Missing = j.Recipe.Resolve(j.Context, at.Running, at.Dir, filepath.Dir(at.Program)); !j.Recipe.CanBuild() {
			return
		}
		switch j.Kind {
		case Listing:
			limited, give := context.WithTimeout(j.Context, listLimit)
			defer give()
			if j.list(limited, j.Recipe); limited.Err() != nil && !j.Cancelled() {
				j.ListErr = fmt.Errorf("go list has not ended within %v", listLimit)
			}
		case Generating:
			j.Said, j.Err = j.Recipe.Generates(j.Context)
		case Building:
			beside, listed := *j.Recipe, make(chan struct{}) // the build changes its own
			limited, give := context.WithCancel(j.Context)
			defer give()
			go func() {
				defer close(listed)
				j.list(limited, &beside)
			}()
			j.build(at.Private, filepath.Base(at.Program))
			defer time.AfterFunc(listLater, give).Stop()
			<-listed
			j.ListCut = j.ListErr != nil && limited.Err() != nil
		}
	}()
}

// Cancelled reports whether the job was cancelled: what it has found is of no use.
func (j *Job) Cancelled() bool { return j.Context.Err() != nil }

func (j *Job) list(ctx context.Context, recipe *gotool.Recipe) {
	if j.ListErr = j.Missing; j.Missing == nil {
		j.Roots, j.ListErr = recipe.List(ctx)
	}
}

// doubt is the first line of what a command said, or else its error.
func doubt(said []byte, err error) string {
	if line, _, _ := bytes.Cut(bytes.TrimSpace(said), []byte("\n")); len(line) > 0 {
		return string(line)
	}
	return err.Error()
}

// build makes an executable of the given name in a new folder.
func (j *Job) build(dir *private.Dir, name string) {
	folder, err := dir.Folder()
	j.Exe = filepath.Join(folder, name)
	tmp := filepath.Join(folder, name+".tmp") // the program may itself be called tmp
	if err == nil {
		err = os.Mkdir(tmp, 0o700)
	}
	if err != nil {
		j.Err, j.NoPlace = err, true
		return
	}
	defer os.RemoveAll(tmp)
	if j.Prove {
		if j.Said, j.Err = j.Recipe.Reproduce(j.Context, j.Runs, j.Exe, tmp); j.Err == nil {
			j.Proof, j.Err = j.Recipe.ContentID(j.Exe)
		}
		if j.Err != nil && (j.Cancelled() || len(j.Recipe.Build) > 0) {
			return
		}
		if j.Err != nil {
			// It may build all the same, without the state of the repository, say.
			j.Proof, j.Doubt = "", doubt(j.Said, j.Err)
		}
	}
	if !j.Prove || j.Doubt != "" || !j.Recipe.Exact() && len(j.Recipe.Build) == 0 {
		if j.Said, j.Err = j.Recipe.Make(j.Context, j.Exe, tmp); j.Err != nil {
			return
		}
	}
	if j.Err = dir.Keep(j.Exe); j.Err == nil {
		j.ID, j.Err = j.Recipe.ContentID(j.Exe)
	}
}
