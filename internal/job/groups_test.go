package job

import (
	"slices"
	"testing"
)

// Whoever is told knows at any time which groups there are, also those from before.
func TestGroups(t *testing.T) {
	var g Groups
	var first, second []string
	g.Add(7) // nobody is told
	g.Tell(func(text string) { first = append(first, text) })
	g.Add(8)
	g.Remove(7)
	g.Tell(func(text string) { second = append(second, text) })
	g.Remove(8)
	g.Tell(nil)
	g.Add(9)
	if want := []string{"7", "8", "-7"}; !slices.Equal(first, want) {
		t.Errorf("the first was told %v, want %v", first, want)
	}
	if want := []string{"8", "-8"}; !slices.Equal(second, want) {
		t.Errorf("the second was told %v, want %v", second, want)
	}
}
