// Package e2e holds the end-to-end tests: real programs with real parents, which see nothing of
// the library but its public API, its messages and what it leaves on the disk.
//
// Some programs are this test binary again (the map programs); others are modules in temporary
// directories that the real go command builds, which a short run skips. A test waits for
// lines that a program prints, never for a time to pass.
//
// There is no code here but that of tests.
package e2e
