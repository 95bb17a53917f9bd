package watch

import (
	"slices"
	"testing"
)

func TestChange(t *testing.T) {
	if (Change{}).Any() {
		t.Error("nothing is something")
	}
	for p := Purpose(0); p < purposes; p++ {
		c := Change{}
		if c[p] = "a"; !c.Any() {
			t.Errorf("%q is nothing", c)
		}
	}
	c, d := Change{Source: "a", Tracked: "b"}, Change{Source: "c", Executable: "d"}
	for i, test := range []struct{ got, want Change }{
		{c.Or(d), Change{Source: "a", Tracked: "b", Executable: "d"}},
		{d.Or(c), Change{Source: "c", Tracked: "b", Executable: "d"}},
		{c.Or(Change{}), c},
		{Change{}.Or(c), c},
		{c.Without(Tracked), Change{Source: "a"}},
		{c.Without(Source, Tracked), Change{}},
		{c.Without(), c},
	} {
		if test.got != test.want {
			t.Errorf("%d: %q, want %q", i, test.got, test.want)
		}
	}
}

func TestUnion(t *testing.T) {
	roots := func(paths ...string) (all []Root) {
		for _, path := range paths {
			all = append(all, Root{File, Source, path})
		}
		return all
	}
	a := roots("a", "b")
	if got := Union(a, roots("b", "c", "c")); !slices.Equal(got, roots("a", "b", "c")) {
		t.Error(got)
	}
	if len(a) != 2 {
		t.Error("the first was changed")
	}
}
