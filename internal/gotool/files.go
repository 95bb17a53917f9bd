package gotool

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fileLists returns the lists of files in a directory that a program may have been built from, the
// likeliest first: the given one; the files that its executable names; all but those with another
// main; all; and the one with main alone. The right one is the one that reproduces the program. The order
// of the files counts, so the second and the third are tried both with the file of main in front and without.
func fileLists(dir, executable, main string, given []string) (lists [][]string) {
	entries, _ := os.ReadDir(dir)
	content, _ := os.ReadFile(executable)
	var named, one, all []string
	for _, d := range entries {
		name := d.Name()
		if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, ".") {
			continue
		}
		all = append(all, name)
		// As the line tables have it. A file of constants alone is not there.
		if bytes.Contains(content, []byte(filepath.ToSlash(filepath.Join(dir, name))+"\x00")) {
			named = append(named, name)
		}
		text, _ := os.ReadFile(filepath.Join(dir, name))
		if name == main || !bytes.Contains(append([]byte("\n"), text...), []byte("\nfunc main()")) {
			one = append(one, name)
		}
	}
	known := slices.DeleteFunc(slices.Clone(given), func(name string) bool { return !slices.Contains(all, name) })
	for _, list := range [][]string{known, first(main, named), named, first(main, one), one, all, {main}} {
		same := func(other []string) bool { return slices.Equal(list, other) }
		if slices.Contains(list, main) && !slices.ContainsFunc(lists, same) {
			lists = append(lists, list)
		}
	}
	return lists
}

// first returns a list with one of its elements in front.
func first(name string, list []string) []string {
	rest := slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == name })
	if len(rest) == len(list) {
		return list
	}
	return append([]string{name}, rest...)
}
