// Package restarter rebuilds and restarts a program when its source changes. The old process
// keeps serving while the new executable is built; then the new process takes over.
//
//	func main() {
//		if restarter.IsParent() {
//			os.Exit(restarter.LaunchChild())
//		}
//		// the program
//	}
//
// A program runs as two processes. The parent launches the child, which is the program, and
// launches it again whenever it exits with [ExitCode]. Meanwhile it polls the source files that the
// program is made of. When one changes, it builds the program. If that makes another executable, the
// child is told to restart: [ShouldRestart] becomes true and the contexts of [NotifyContext] end. The
// child cleans up and exits with [ExitCode], and the parent launches what was built. A program that
// calls neither of the two is sent SIGTERM instead, as by any process manager, so that the lines above
// are enough.
//
//   - A build that fails changes nothing: the compiler's messages are printed, and the child
//     keeps running, with its open connections.
//   - A build that makes the same executable changes nothing either: touch, a comment that moves no
//     code to another line, a package that is not imported, an edit taken back.
//   - No edit is lost, whenever it is saved: what has changed since the sources of the running
//     program were read is built next. At the start, the parent builds the sources and compares the
//     result with the running executable.
//
// [Listen] keeps a server's socket open over restarts. [Track] watches more files. [Launcher] has the
// settings, among them generators of source code, and Overlap, which starts a new program beside the
// old one. In package restarthttp, Serve restarts an HTTP server without losing a request, and
// LiveReload reloads the browser.
//
// # What is watched
//
// The parent watches the files that the go command lists: the Go, C, assembly, header, object and
// embedded files of each package that the program imports, directly or not, and their directories,
// for new files; go.mod, go.sum, go.work and vendor/modules.txt. Packages of the main module, of a
// workspace, of a local replace directive and under vendor can change; those of the standard library
// and of the module cache cannot.
//
// It also watches what Track and Launcher.Sources name, and the executable that it was started from.
// If the executable is replaced, as by a deploy, the program restarts once, after the executable has
// not changed for half a second.
//
// Where there is no go command, or the sources are elsewhere, only the executable is
// watched. One line says so, and the parent looks for both again every few seconds. Sources that other
// users can write to are built only if the program is started inside the module of these sources or by
// go run, or if Launcher.Dir names the directory of the sources.
//
// # How it is built
//
// The program is built with the flags and variables that the linker recorded in the running
// executable: -tags, -race, -ldflags and so on, but after an edit always with -buildvcs=false. With
// -trimpath the linker records neither -ldflags nor the flags of cgo; set -ldflags in GOFLAGS and the
// others in CGO_CFLAGS and so on, or use Build of [Launcher]. The flags -mod, -modfile, -overlay and
// -toolexec are never recorded; GOFLAGS can carry them. A program started by go run is built as go run
// does it, without debug information. All commands run in the environment that the parent was started
// with.
//
// # What runs in both processes
//
// Package variables, init functions and what main does before it calls [IsParent] run in the parent
// too. The child gets the arguments, environment and working directory that the parent was started
// with, even if code in the parent has changed them.
//
// # What it does not do
//
// It does not reload code into a running process, and keeps no state of the program: what has to
// outlive a restart belongs in files or a database. It does not end processes that the program has
// started. It does not end a child that calls ShouldRestart or NotifyContext but does not exit, unless
// Launcher.Grace says how long it may take. After a restart, [os.Executable] names a file in the
// parent's private directory, under the program's own base name; [os.Args] does not change.
//
// It is made for development, and safe to leave in: with RESTARTER=off in the environment, and in a
// test binary, main runs as without this package. In a program that never calls [LaunchChild], this
// package starts, opens and prints nothing.
//
// # Environment
//
// RESTARTER=off turns the package off. RESTARTER=debug prints why it does what it does: what is
// watched, each change that is seen, each command that is run, each decision. Other values are
// internal: the parent sets them for its child. The parent keeps the executables in a private directory
// (mode 0700), which it makes in GOTMPDIR, or in the temporary directory if that is not set. The file
// system there must not be mounted noexec.
package restarter
