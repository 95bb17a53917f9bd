package e2e

import (
	"testing"
)

// Why nothing can be built is said once if go.mod is broken at the start, though nothing can be listed either.
func TestBrokenGoModAtTheStart(t *testing.T) {
	t.Parallel()
	m := newModule(t, "main.go", teller, "text.go", text)
	exe := m.build()
	whole := m.replaced("go.mod", "\n", "\n")
	m.write("go.mod", m.replaced("go.mod", "require", "requires"))
	p := m.launch(exe, []string{debug})
	p.awaitAnywhere(failed)
	m.write("go.mod", whole)
	p.await(same)
	p.leave()
	p.expect(1, `^go\.mod:5: unknown directive: requires$`)
	p.expect(0, "^restarter: go list: ")
}
