package restarter

// A change says what was seen to differ: a path of each sort, or "".
type change struct {
	Source  string // the program has to be built
	Tracked string // it has only to be restarted
	Program string // the executable it was started from
}

func (c change) any() bool { return c != change{} }

func (c *change) note(r *record, path string) {
	if r.Kind == program {
		c.Program = path
	}
	if r.Source {
		c.Source = path
	}
	if r.Tracked {
		c.Tracked = path
	}
}

// or returns c, with what it lacks from d.
func (c change) or(d change) change {
	if c.Source == "" {
		c.Source = d.Source
	}
	if c.Tracked == "" {
		c.Tracked = d.Tracked
	}
	if c.Program == "" {
		c.Program = d.Program
	}
	return c
}
