package restarter

// A change says what was seen to differ: a path of each sort, or "".
type change struct {
	source  string // the program has to be built
	tracked string // it has only to be restarted
	program string // the executable it was started from
}

func (c change) any() bool { return c != change{} }

func (c *change) note(r *record, path string) {
	if r.kind == program {
		c.program = path
	}
	if r.source {
		c.source = path
	}
	if r.tracked {
		c.tracked = path
	}
}

// or returns c, with what it lacks from d.
func (c change) or(d change) change {
	if c.source == "" {
		c.source = d.source
	}
	if c.tracked == "" {
		c.tracked = d.tracked
	}
	if c.program == "" {
		c.program = d.program
	}
	return c
}
