// Package restarter rebuilds and restarts a program when its source changes. The old
// process serves on while the new executable is built; then there is one clean hand-over.
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
// program is made of. When one changes it builds the program. If that makes another program, the
// child is told: [ShouldRestart] becomes true and the contexts of [NotifyContext] end. The child cleans
// up and exits with [ExitCode], and the parent launches what was built. A program that uses neither of
// the two is sent SIGTERM instead, as by any process manager, so that the lines above are enough.
//
//   - A build that fails changes nothing: the compiler's words are printed, and the child
//     runs on, with its open connections.
//   - A build that makes the same program changes nothing either: touch, a comment, a
//     package that is not imported, an edit taken back.
//   - An edit is never lost, whenever it is saved: what has changed since the sources of
//     the running program were read is built next. At the start, what runs is compared by content
//     with what its sources build.
//
// [Listen] keeps a server's socket open over restarts, [Track] has more files watched, and
// [Launcher] has the settings, among them generators of source code, and Overlap: a new program proves
// itself beside the old one. Package restarthttp has an HTTP server lose no request, and the browser
// follow.
//
// # What is watched
//
// What the go command names: the Go, C, assembly, header, object and embedded files of each
// package that the program imports, directly or not, and their directories, for new files;
// go.mod, go.sum, go.work and vendor/modules.txt. Packages of the main module, of a
// workspace, of a local replace directive and under vendor can change; those of the
// standard library and of the module cache cannot. Besides these: what Track and Launcher.Sources
// name, and the executable that the parent was started from. If that is replaced, as by a
// deploy, the program restarts with it once it has been still for half a second.
//
// Where there is no go command, or the sources are elsewhere, the executable alone is
// watched, one line says so, and both are looked for again every few seconds. The same holds for
// sources that others can write to, unless the program is started in their module, by go
// run, or with [Launcher] naming their directory.
//
// # How it is built
//
// With the flags and variables that the linker recorded in the running executable: -tags,
// -race, -ldflags and so on, but always -buildvcs=false. With -trimpath the linker records
// neither -ldflags nor the flags of cgo; GOFLAGS or [Launcher] can carry them. The flags
// -mod, -modfile and -overlay are never recorded. A program started by go run is built as go
// run does it, without debug information. All commands run in the environment that the parent
// was started with.
//
// # What runs in both processes
//
// Package variables, init functions and what main does before it asks [IsParent] run in the parent
// too. The child is given the arguments, the environment and the directory that the parent was started
// with, whatever has been done to them there.
//
// # What it does not do
//
// It does not reload code into a running process, and keeps no state of the program: what is to
// outlive a restart belongs in files or a database. It does not end a child
// that asks but does not leave, unless [Launcher] says how long it may take. [os.Executable] names a
// file in the parent's private directory after a restart, under the program's own base
// name; [os.Args] does not change. It is made for development, and safe to
// leave in: with RESTARTER=off in the environment main just runs, and a program that never
// calls [LaunchChild] has nothing started, opened or printed by this package. In a test binary main
// just runs as well.
//
// # Environment
//
// RESTARTER=off turns the package off. RESTARTER=debug prints why it does what it does: what is
// watched, each change that is seen, each command that is run, each decision. Any other value is
// the parent's own, for its child. GOTMPDIR, else the temporary directory, is where the parent makes its
// private directory, mode 0700, with the executables; it must not be mounted noexec.
package restarter
