package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
// change of another file, seen behind it, shows that there was nothing to come. If both are seen at
// once, the first or the last by name may be the reason that is given.
func TestTrackedByContent(t *testing.T) {
	slow(t)
	dir := t.TempDir()
	// Of a small file that was just written the content counts in any case.
	content := strings.Repeat("as it is", 1<<18)
	file, others := filepath.Join(dir, "file"), []string{"after", "zero"}
	for name, happens := range map[string]func(t *testing.T) error{
		"touch": func(t *testing.T) error { return os.Chtimes(file, time.Now(), time.Now()) },
		"past":  func(t *testing.T) error { return os.Chtimes(file, time.Unix(1e9, 0), time.Unix(1e9, 0)) },
		"chmod": func(t *testing.T) error { return os.Chmod(file, 0o600) },
		"same bytes": func(t *testing.T) error {
			f, err := os.OpenFile(file, os.O_WRONLY, 0) // nobody shall see half of it
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString(content)
			return err
		},
		"same bytes, renamed over": func(t *testing.T) error {
			save(t, dir+"-new", content)
			return os.Rename(dir+"-new", file)
		},
		"hard link": func(t *testing.T) error { return os.Link(file, filepath.Join(t.TempDir(), "link")) },
	} {
		t.Run(name, func(t *testing.T) {
			save(t, file, content)
			for _, other := range others {
				save(t, filepath.Join(dir, other), "1")
			}
			p := start(t, command(t, "talk", "-track="+dir))
			for _, other := range others {
				p.child()
				if err := happens(t); err != nil {
					t.Fatal(err)
				}
				save(t, filepath.Join(dir, other), "2")
				if m := p.await(`^told: .*[/\\](.*)$`); m[1] != other {
					t.Fatalf("told because of %s", m[1])
				}
			}
			p.child()
			p.do("exit 0")
			p.wantExit(0)
			p.expect(3, "^child ")
			p.expect(2, "changed; restarting$")
		})
	}
}

// What comes and goes does count.
func TestTrackedFileComesAndGoes(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
