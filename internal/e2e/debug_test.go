package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// RESTARTER=debug has each change, each command and each decision explained, and changes nothing
// else; without it there is nothing of that.
func TestDebug(t *testing.T) {
	for _, on := range []bool{false, true} {
		on := on
		t.Run(map[bool]string{false: "off", true: "on"}[on], func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text, "a.conf", "a", "track.go", `package main

import "github.com/lib537/restarter"

func init() { restarter.Track("a.conf") }
`)
			var env []string
			if on {
				env = []string{debug}
			}
			p := m.launch(m.build(), env)
			p.await("^text 1 ")
			if on {
				p.awaitAnywhere(proved)
			}
			m.edit("text.go", `"1"`, "1")
			p.await(failed)
			m.edit("text.go", "1", `"2"`)
			p.await("^text 2 ")
			m.edit("text.go", "// one", "// two")
			p.await(same)
			m.edit("a.conf", "a", "b")
			p.await("^restarter: a.conf changed; restarting$")
			p.await("^text 2 ")
			p.leave()
			p.drain()
			if !on {
				p.expect(0, "debug")
				return
			}
			at := regexp.QuoteMeta(m.dir)
			for _, line := range []string{
				`watching \d+ files, .* in ` + at,     // what is watched
				`tracking 1 files?`,                   //
				`text\.go changed`,                    // each change
				`a\.conf changed`,                     //
				`in ` + at + `: \S*go(\.exe)? env .*`, // each command
				`in ` + at + `: \S*go(\.exe)? list .*`,
				`in ` + at + `: \S*go(\.exe)? build -o .* example\.com/app`,
				`the sources build what runs: content ID \S+`, // each decision
				`the same program: content ID \S+`,
			} {
				if p.count("^restarter: debug: "+line+"$") == 0 {
					t.Errorf("no line: %s, in:\n%s", line, strings.Join(p.output(), "\n"))
				}
			}
			p.expect(4, "^restarter: debug: .*go(.exe)? build ") // the first, and three for edits
			p.expect(7, "^restarter: [^d]")                      // what is said anyway
			p.expect(3, building)
		})
	}
}

// The child does not inherit the word, nor do the commands; a program that is started by the child is
// asked for itself.
func TestDebugIsForTheParent(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", strings.Replace(report, `fmt.Println("version", version,`,
		`fmt.Println("variable", os.Getenv("RESTARTER") == "debug", "version", version,`, 1))
	p := m.launch(m.build(), []string{debug})
	p.await("^variable false version 1 ")
	m.edit("main.go", `version = "1"`, `version = "2"`)
	p.await("^variable false version 2 ")
}
