package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lib537/restarter"
)

func init() {
	// A program that writes a file, and then names it to Track.
	programs["generator"] = func() {
		if restarter.IsParent() {
			os.Exit(restarter.LaunchChild())
		}
		os.WriteFile(os.Args[1], []byte(time.Now().String()), 0o644)
		restarter.Track(os.Args[1:]...)
		fmt.Println("child")
		ctx, stop := restarter.NotifyContext(context.Background())
		defer stop()
		<-ctx.Done()
		os.Exit(restarter.ExitCode)
	}
}

// A tracked file counts by what it says: nothing else that happens to it restarts the program. A
// change of another file, seen behind it, shows that there was nothing to come.
func TestTrackedByContent(t *testing.T) {
	slow(t)
	dir := t.TempDir()
	file, other := filepath.Join(dir, "file"), filepath.Join(dir, "other")
	for name, happens := range map[string]func(t *testing.T) error{
		"touch": func(t *testing.T) error { return os.Chtimes(file, time.Now(), time.Now()) },
		"past":  func(t *testing.T) error { return os.Chtimes(file, time.Unix(1e9, 0), time.Unix(1e9, 0)) },
		"chmod": func(t *testing.T) error { return os.Chmod(file, 0o600) },
		"same bytes": func(t *testing.T) error {
			return os.WriteFile(file, []byte("as it is"), 0o644)
		},
		"same bytes, renamed over": func(t *testing.T) error {
			save(t, filepath.Join(t.TempDir(), "new"), "as it is")
			if err := os.WriteFile(dir+"-new", []byte("as it is"), 0o644); err != nil {
				return err
			}
			return os.Rename(dir+"-new", file)
		},
		"hard link": func(t *testing.T) error { return os.Link(file, dir+"-link") },
	} {
		t.Run(name, func(t *testing.T) {
			save(t, file, "as it is")
			save(t, other, "1")
			p := start(t, command(t, "talk", "-track="+dir))
			p.child()
			if err := happens(t); err != nil {
				t.Fatal(err)
			}
			save(t, other, "2")
			p.await("^told: .*other$")
			p.child()
			p.do("exit 0")
			p.wantExit(0)
			p.expect(2, "^child ")
			p.expect(1, "^restarter: .*other changed; restarting$")
			p.expect(1, "changed; restarting$")
		})
	}
}

// What comes and goes does count.
func TestTrackedFileComesAndGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	p := start(t, command(t, "talk", "-track="+file))
	p.child()
	save(t, file, "")
	p.await("^told: .*file$")
	p.child()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.await("^told: .*file$")
	p.child()
	p.do("exit 0")
	p.wantExit(0)
}

// A program that writes a file, then names it to Track, is not restarted for that.
func TestGeneratedAndTracked(t *testing.T) {
	generated, file := filepath.Join(t.TempDir(), "generated"), tempFile(t)
	cmd := command(t, "generator", generated, file)
	p := start(t, cmd)
	p.await("^child$")
	for i := 0; i < 3; i++ {
		save(t, file, fmt.Sprint("changed ", i))
		p.await("file changed; restarting$")
		p.await("^child$")
	}
	save(t, generated, "edited")
	p.await("generated changed; restarting$")
	p.await("^child$")
	stop(t, cmd.Process.Pid)
	p.exit()
	p.drain()
	p.expect(1, "generated changed")
}
