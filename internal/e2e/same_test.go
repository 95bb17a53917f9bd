package e2e

import (
	"fmt"
	"os/exec"
	"testing"
	"time"
)

// What does not change the program does not restart it. That nothing happened is not waited
// for: every step that is looked at ends in a line, and the only restart is that of
// the real edit at the end.
func TestSameProgramKeepsRunning(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text,
		"text_test.go", "package main\n", "unused/unused.go", "package unused\n")
	p := m.startWatched()
	process := p.await("^text 1 process (.*)")[1]

	m.touch("main.go", time.Now())
	p.await(building)
	// Seen while that build runs, any of these would cancel it and be one build more.
	m.replace("text_test.go", "package main", "package main // changed")
	m.write("new_test.go", "package main\n\nno Go at all\n")
	m.replace("unused/unused.go", "package unused", "package unused // changed")
	m.write("unused/more.go", "package unused\n\nno Go at all\n")
	for _, name := range []string{".text.go.swp", "4913", "text.go~", ".#text.go", "#text.go#", "notes.txt", "_skip.go"} {
		m.write(name, "no Go at all\n")
	}
	m.remove("4913")
	p.await(same)

	m.edit("text.go", "// one", "// two")
	p.await("^restarter: text.go changed; building$")
	p.await(same)

	m.edit("text.go", `"1"`, `1`)
	p.await(failed)
	m.edit("text.go", `1`, `"1"`)
	p.await(same)

	p.expect(4, building)
	if now := p.ask(); now != process {
		t.Errorf("process %s became %s", process, now)
	}

	m.edit("text.go", `"1"`, `"2"`)
	if now := p.await("^text .* process (.*)")[1]; now == process {
		t.Error("the real edit did not restart the program")
	}
	p.leave()
	p.expect(1, "^text 2 ")
	p.expect(5, building)
}

// Programs that were built with what we leave out, a stamp of the repository, or by go run,
// have another content ID than ours, and are the same all the same.
func TestSameProgramBuiltOtherwise(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	for _, run := range []bool{false, true} {
		run := run
		t.Run(fmt.Sprintf("go run %t", run), func(t *testing.T) {
			t.Parallel()
			m := newModule(t, "main.go", teller, "text.go", text)
			m.git("init", "-q")
			m.git("add", ".")
			m.git("commit", "-q", "-m", "one")
			var p *process
			if run {
				cmd := m.tool("run", ".")
				cmd.Env = append(cmd.Env, debug)
				p = start(t, cmd)
			} else {
				p = m.launch(m.build("-buildvcs=true"), []string{debug})
			}
			p.await("^text 1 ")
			p.awaitAnywhere(proved)
			m.edit("text.go", "// one", "// two")
			p.await(same)
			m.touch("main.go", time.Now())
			p.await(same)
			p.expect(1, "^text ")
			m.edit("text.go", `"1"`, `"2"`)
			p.await("^text 2 ")
			// The revision is no part of the program.
			m.git("commit", "-q", "-a", "-m", "two")
			m.touch("main.go", time.Now())
			p.await(same)
			p.leave()
			p.expect(2, "^text ")
		})
	}
}

// A program that writes a file which is embedded in it, each time that it starts, is not built and restarted
// for ever at full speed.
func TestProgramThatWritesWhatIsEmbedded(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", `package main

import (
	"embed"
	"fmt"
	"os"
	"time"

	"github.com/lib537/restarter"
)

//go:embed data
var data embed.FS

func text() string {
	if restarter.IsChild() {
		os.WriteFile("data/state", []byte(fmt.Sprint(time.Now().UnixNano())), 0o644)
	}
	data.ReadFile("data/state") // else the linker leaves it out
	return "1"
}
`, "data/state", "1")
	p := m.start()
	p.await("^restarter: each start of the program rewrites data.state, which is one of its sources; building in 1s$")
	if n := p.count("^text 1 "); n < 10 || n > 16 {
		t.Errorf("%d processes before the first pause", n)
	}
	m.write("text.go", text) // which is built at once
	p.await("^text 1 ")
	p.leave()
}
