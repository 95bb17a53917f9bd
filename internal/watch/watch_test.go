package watch

import "testing"

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
