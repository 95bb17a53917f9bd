// Package restarter rebuilds and restarts a program when its source changes. The old
// process serves on while the new executable is built; then there is one clean hand-over.
//
//	func main() {
//		if restarter.IsParent() {
//			os.Exit(restarter.LaunchChild())
//		}
//		for !restarter.ShouldRestart() {
//			// program logic
//		}
//		// clean up
//		os.Exit(restarter.ExitCode)
//	}
//
// A program runs as two processes. The parent only launches the child, waits, and launches
// it again whenever it exits with [ExitCode]. The child is the program. In the child a
// goroutine, started when the package is imported, polls the source files that the program
// is made of. When one changes it builds the program. When that is another
// program, it makes [ShouldRestart] true and ends the contexts of [NotifyContext]: the child
// cleans up and exits with [ExitCode], and the parent launches what was built.
//
//   - A build that fails changes nothing: the compiler's words are printed, and the child
//     runs on, with its open connections.
//   - A build that makes the same program changes nothing either: touch, a comment, a
//     package that is not imported, an edit taken back.
//   - An edit is never lost, whenever it is saved: what has changed since the sources of
//     the running program were read is built next.
//
// [Track] has more files watched, [Listen] keeps a server's socket open over restarts, and
// [Launcher] has the settings.
//
// # What is watched
//
// What the go command names: the Go, C, assembly, header, object and embedded files of each
// package that the program imports, directly or not, and their directories, for new files;
// go.mod, go.sum, go.work and vendor/modules.txt. Packages of the main module, of a
// workspace, of a local replace directive and under vendor can change; those of the
// standard library and of the module cache cannot. Besides these: what Track names, and the
// executable that the parent was started from. If that is replaced, as by a deploy, the
// program restarts with it once it has been still for half a second.
//
// Where there is no go command, or the sources are elsewhere, the executable alone is
// watched, and one line says so.
//
// # How it is built
//
// With the flags and variables that the linker recorded in the running executable: -tags,
// -race, -ldflags and so on, but always -buildvcs=false. With -trimpath the linker records
// neither -ldflags nor the flags of cgo; GOFLAGS or [Launcher] can carry them. The flags
// -mod, -modfile and -overlay are never recorded. A program started by go run is built as go
// run does it, without debug information.
//
// # What it does not do
//
// It does not reload code into a running process, and keeps no state of the program: what is to
// outlive a restart belongs in files or a database. It does not end a child
// that does not ask, unless [Launcher] says how long it may take. [os.Executable] names a
// file in the parent's private directory after a restart, under the program's own base
// name; [os.Args] does not change. It is made for development, and safe to
// leave in: with RESTARTER=off in the environment main just runs, and a program that never
// calls [LaunchChild] has nothing started, opened or printed by this package.
//
// # Environment
//
// RESTARTER=off turns the package off. Any other value is the parent's own, for its
// child. GOTMPDIR, else the temporary directory, is where the parent makes its private
// directory, mode 0700, with the executables; it must not be mounted noexec.
package restarter
