package say

// Messages are what is said to a person. They may be said by several goroutines. The methods are not inlined, since
// that would make each of 60 calls larger.
type Messages struct {
	Silent  bool   // nothing is said
	Verbose bool   // why something is done is said as well
	From    string // where the person stands
}

// Say prints a line.
//
//go:noinline
func (m *Messages) Say(text string, args ...any) {
	if !m.Silent {
		Line(text, args...)
	}
}

// Debug says why something is done.
//
//go:noinline
func (m *Messages) Debug(text string, args ...any) {
	if m.Verbose {
		Line("debug: "+text, args...)
	}
}

// Short names a file as the person would.
func (m *Messages) Short(path string) string { return Short(path, m.From) }
