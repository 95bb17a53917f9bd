package gotool

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestStartedByGoRun(t *testing.T) {
	for path, want := range map[string]bool{
		"/tmp/go-build123456789/b001/exe/app":             true,
		"/tmp/go-build0/b001/exe/app.exe":                 true,
		"/cache/01/" + strings.Repeat("0", 64) + "-d/app": true,
		"/cache/01/" + strings.Repeat("0", 63) + "-d/app": false,
		"/srv/go-builds/v1/exe/app":                       false,
		"/srv/go-build1/v1/exe/app":                       false,
		"/srv/go-build/b001/exe/app":                      false,
		"/tmp/go-build123456789/b001/other/app":           false,
		"/home/me/src/app/app":                            false,
		"/app":                                            false,
	} {
		if got := StartedByGoRun(filepath.FromSlash(path)); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}

func TestCalledByMain(t *testing.T) {
	result := make(chan bool)
	go func() { result <- CalledByMain() }()
	if CalledByMain() || <-result {
		t.Error("a test is taken for a program")
	}
}
