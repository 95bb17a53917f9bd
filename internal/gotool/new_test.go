package gotool

import (
	"path/filepath"
	"reflect"
	"runtime/debug"
	"testing"
)

// settingsOf makes what the linker records out of key, value, key, value…
func settingsOf(pairs ...string) (all []debug.BuildSetting) {
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
	}
	return all
}

// The shapes are what go1.26 records on linux/amd64, shortened where it says the same thing again.
func TestNew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "app")
	file := filepath.Join(dir, "main.go")
	app := debug.Module{Path: "example.com/app", Version: "(devel)"}
	usual := []string{"-compiler=gc"} // the mode exe may stand for another one
	tests := []struct {
		name     string
		info     debug.BuildInfo
		mainFile string
		goRun    bool
		want     Recipe
		missing  string
	}{
		{
			name: "go build",
			info: debug.BuildInfo{Path: "example.com/app/cmd/x", Main: app, Settings: settingsOf(
				"-buildmode", "exe", "-compiler", "gc", "DefaultGODEBUG", "panicnil=1",
				"CGO_ENABLED", "1", "CGO_CFLAGS", "", "GOARCH", "amd64", "GOOS", "linux", "GOAMD64", "v1",
				"vcs", "git", "vcs.revision", "0123", "vcs.modified", "true")},
			mainFile: file,
			want: Recipe{
				Dir: dir, targets: []string{"example.com/app/cmd/x"}, stamped: true, flags: usual,
				settings: []string{"CGO_ENABLED=1", "CGO_CFLAGS=", "GOARCH=amd64", "GOOS=linux", "GOAMD64=v1"},
			},
		},
		{
			name: "flags with spaces and commas",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-buildmode", "exe", "-compiler", "gc", "-gcflags", "all=-N -l", "-ldflags", "-X 'main.v=1 2' -w",
				"-race", "true", "-tags", "a,b", "CGO_CFLAGS", "-O1 -g", "GOEXPERIMENT", "nogreenteagc")},
			mainFile: file,
			want: Recipe{
				Dir: dir, ldflags: "-X 'main.v=1 2' -w",
				flags:    append(usual, "-gcflags=all=-N -l", "-race=true", "-tags=a,b"),
				settings: []string{"CGO_CFLAGS=-O1 -g", "GOEXPERIMENT=nogreenteagc"},
			},
		},
		{
			name:     "go run",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-buildmode", "exe", "-compiler", "gc")},
			mainFile: file,
			goRun:    true,
			want:     Recipe{Dir: dir, flags: usual, goRun: true},
		},
		{
			name:     "go run -ldflags",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-ldflags", "-X main.v=1")},
			mainFile: file,
			goRun:    true,
			want:     Recipe{Dir: dir, ldflags: "-X main.v=1", goRun: true},
		},
		{
			name:     "go run main.go",
			info:     debug.BuildInfo{Path: "command-line-arguments"},
			mainFile: file,
			goRun:    true,
			want:     Recipe{Dir: dir, targets: []string{"main.go"}, goRun: true},
		},
		{
			name:     "-trimpath",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-trimpath", "true")},
			mainFile: "example.com/app/main.go",
			want:     Recipe{flags: []string{"-trimpath=true"}, trimmed: true},
		},
		{
			name:     "-trimpath=false",
			info:     debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf("-trimpath", "false")},
			mainFile: file,
			want:     Recipe{Dir: dir, flags: []string{"-trimpath=false"}},
		},
		{
			name:     "files with -trimpath",
			info:     debug.BuildInfo{Path: "command-line-arguments", Settings: settingsOf("-trimpath", "true")},
			mainFile: "./main.go",
			want:     Recipe{targets: []string{"main.go"}, flags: []string{"-trimpath=true"}, trimmed: true},
			missing:  `built from a list of files with -trimpath; use "go run ."`,
		},
		{
			name: "profile",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-pgo", filepath.Join(dir, "default.pgo"))},
			mainFile: file,
			want:     Recipe{Dir: dir},
		},
		{
			name: "profile of another directory",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-pgo", filepath.Join(dir, "profiles", "default.pgo"))},
			mainFile: file,
			want:     Recipe{Dir: dir, flags: []string{"-pgo=" + filepath.Join(dir, "profiles", "default.pgo")}},
		},
		{
			name: "profiles with -trimpath, and none",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-pgo", "default.pgo", "-pgo", "cpu.pprof", "-pgo", "off", "-trimpath", "true")},
			mainFile: "example.com/app/main.go",
			want:     Recipe{flags: []string{"-pgo=off", "-trimpath=true"}, trimmed: true},
		},
		{
			name: "profile of another name",
			info: debug.BuildInfo{Path: "example.com/app", Main: app, Settings: settingsOf(
				"-pgo", filepath.Join(dir, "cpu.pprof"))},
			want: Recipe{flags: []string{"-pgo=" + filepath.Join(dir, "cpu.pprof")}},
		},
	}
	for _, test := range tests {
		want := test.want
		want.module, want.path, want.beside = test.info.Main.Path, test.info.Path, filepath.IsAbs(test.mainFile)
		if want.targets == nil {
			want.targets = []string{test.info.Path}
		}
		got := *New(&test.info, test.mainFile, test.goRun)
		missing := ""
		if got.missing != nil {
			missing = got.missing.Error()
		}
		if got.missing = nil; missing != test.missing {
			t.Errorf("%s: missing is %q, want %q", test.name, missing, test.missing)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", test.name, got, want)
		}
		if got.Trimmed() != want.trimmed {
			t.Errorf("%s: Trimmed is %t", test.name, got.Trimmed())
		}
	}
}

// Make reproduces what runs unless something is in the way, and then Reproduce has to.
func TestExact(t *testing.T) {
	tests := map[string]struct {
		recipe Recipe
		want   bool
	}{
		"go build":             {Recipe{}, true},
		"go run":               {Recipe{goRun: true}, false},
		"with a stamp":         {Recipe{stamped: true}, false},
		"a command of his own": {Recipe{Build: []string{"make"}}, false},
	}
	for name, test := range tests {
		if got := test.recipe.Exact(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
