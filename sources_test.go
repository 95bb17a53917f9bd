package restarter

import "testing"

func TestGoReads(t *testing.T) {
	for _, name := range []string{"a.go", "a_linux.go", "a.c", "a.h", "a.s", "a.S", "a.cc", "a.syso", "default.pgo", "test.go", "a_test.c"} {
		if !goReads(name) {
			t.Errorf("%s is not read", name)
		}
	}
	for _, name := range []string{"a_test.go", ".a.go", "_a.go", ".a.go.swp", "a.go~", "4913", "a.txt", "go", "a.go.orig", ".#a.go", "cpu.pgo"} {
		if goReads(name) {
			t.Errorf("%s is read", name)
		}
	}
}

func TestJunk(t *testing.T) {
	for _, name := range []string{".a.go.swp", ".a.swo", ".a.swx", "4913", "a.go~", ".#a", "#a#", ".git", ".DS_Store",
		".nfs0001", "a___jb_tmp___", ".goutputstream-X", ".fuse_hidden1"} {
		if !junk(name) {
			t.Errorf("%s is not junk", name)
		}
	}
	for _, name := range []string{"a.go", ".env", ".gitignore", "a.swp.html", "x.swp", "4914", "a#", "git", "~a", ".swift"} {
		if junk(name) {
			t.Errorf("%s is junk", name)
		}
	}
}
