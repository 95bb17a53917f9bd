package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

const (
	rowEdit  = "edit → served, median; beside the bare build and start"
	rowLoad  = "8 clients during restarts"
	rowIdle  = "idle, of a core"
	rowAwake = "idle, within minutes of an edit"
)

// A table has a row for each question, and a column for each tool.
type table struct {
	mu      sync.Mutex
	columns []tool
	cells   map[[2]string]string // by row and name of the tool
	notes   []string
}

var result = table{cells: make(map[[2]string]string)}

// add writes to a cell, or goes on with it.
func (t *table) add(row, name, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cells[[2]string{row, name}] += strings.ReplaceAll(text, "\n", " ")
}

// note adds a line to the list below the table.
func (t *table) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, "- "+fmt.Sprintf(format, args...))
}

// String is the table in Markdown, with the date and the versions.
func (t *table) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s/%s, %d cores\n\n| ", time.Now().UTC().Format("2 January 2006"),
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, c := range t.columns {
		fmt.Fprintf(&b, "| %s %s ", c.Name, c.Version)
	}
	b.WriteString("|\n|---" + strings.Repeat("|---", len(t.columns)) + "|\n")
	rows := []string{rowEdit, rowLoad}
	for _, q := range questions {
		rows = append(rows, q.row)
	}
	for _, row := range append(rows, rowIdle, rowAwake) {
		b.WriteString("| " + row)
		for _, c := range t.columns {
			cell := t.cells[[2]string{row, c.Name}]
			if cell == "" {
				cell = "–"
			}
			b.WriteString(" | " + cell)
		}
		b.WriteString(" |\n")
	}
	return b.String() + "\n" + strings.Join(t.notes, "\n")
}
