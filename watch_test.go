package restarter

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What comes or goes between a sweep and the moment when other files are to be watched, or
// a new list of them is there, is not lost: the set is made again then.
func TestChangeBesideNewSet(t *testing.T) {
	for name, renew := range map[string]func(w *watcher){
		"adopt": func(w *watcher) {
			Track(filepath.Join(t.TempDir(), "a.conf"))
			w.adopt()
		},
		"relist": func(w *watcher) {
			more := root{Kind: file, Source: true, Path: filepath.Join(t.TempDir(), "go.mod")}
			w.relist(&job{lists: true, roots: append(w.Roots, more), began: time.Now().Add(time.Hour).UnixNano()})
		},
	} {
		for happened, do := range map[string]func(dir string) error{
			"gone": func(dir string) error { return os.Remove(filepath.Join(dir, "a.go")) },
			"came": func(dir string) error {
				return os.Rename(filepath.Join(filepath.Dir(dir), "old.go"), filepath.Join(dir, "old.go"))
			},
		} {
			top := t.TempDir()
			dir := filepath.Join(top, "dir")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"dir/a.go", "dir/b.go", "old.go"} {
				path := filepath.Join(top, file)
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
				past := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
				if err := os.Chtimes(path, past, past); err != nil {
					t.Fatal(err)
				}
			}
			w := newWatcher(t.TempDir(), settings{Program: filepath.Join(top, "app")})
			w.Known, w.Roots = true, []root{{Kind: pkg, Source: true, Path: dir}}
			w.poll.set(w.roots())
			renew(w)
			if w.pending.Source != "" {
				t.Errorf("%s: %s changed", name, w.pending.Source)
			}
			if err := do(dir); err != nil {
				t.Fatal(err)
			}
			renew(w)
			if w.pending.Source == "" {
				t.Errorf("%s: what has %s is lost", name, happened)
			}
		}
	}
}

// A program that names other files than the last one is not restarted for those of the
// last one.
func TestTrackOtherFile(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text, "track.go", `package main

import "github.com/lib537/restarter"

func init() { restarter.Track("a.conf") }
`, "a.conf", "a", "b.conf", "b")
	p := m.start()
	p.await("^text 1 ")
	m.replace("track.go", "a.conf", "b.conf")
	p.await("^text 1 ")
	m.replace("text.go", `"1"`, `"2"`)
	p.await("^text 2 ")
	m.replace("text.go", `// one`, `// two`)
	p.await(same)
	m.replace("b.conf", "b", "c")
	p.await("^restarter: b.conf changed; restarting$")
	p.await("^text 2 ")
	p.leave()
	p.expect(2, "^text 1 ")
	p.expect(2, "^text 2 ")
}
