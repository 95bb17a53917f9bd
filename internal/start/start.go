// Package start knows what this process was started with: its environment and its working directory.
//
// Packages of the program may change both when they are initialised, as those do that load a .env file,
// and they may be initialised before those of this library. So this one imports nothing but syscall. Go
// initialises packages whose imports are initialised in the order of their paths. This one comes before
// package os, and so before all packages that need os. (A copy does not if its path sorts after "os".)
//
// It knows nothing of what the two are for.
package start

import "syscall"

// Environ is the environment that the process was started with.
var Environ = syscall.Environ()

// Dir is the working directory that the process was started in, "" if that has no name.
var Dir = dir()

func dir() string {
	dir, err := syscall.Getwd()
	if err != nil {
		return ""
	}
	return dir
}
