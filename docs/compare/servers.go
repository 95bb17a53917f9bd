package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A source is what main.go of a scratch module says. Each save is another one.
type source struct {
	version int
	words   string // in a comment
	extra   string // a line of its own before main
	first   string // the first statement of main
}

// The servers listen in three ways. All of them answer with the same page, and shut down when they are
// told to.
var servers = map[string]string{
	"plain": `
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	srv := &http.Server{Addr: os.Getenv("ADDR"), Handler: http.HandlerFunc(page)}
	go func() {
		if err := srv.ListenAndServe(); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	srv.Shutdown(ctx)
`,
	"restarter": `
	if restarter.IsParent() {
		l := restarter.Launcher{WaitOnFailure: os.Getenv("WAIT") != ""}
		l.Overlap, _ = time.ParseDuration(os.Getenv("OVERLAP"))
		os.Exit(l.LaunchChild())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, forget := restarter.NotifyContext(ctx)
	defer forget()
	ln, err := restarter.Listen("tcp", os.Getenv("ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(page)}
	if err := restarthttp.Serve(ctx, srv, ln); err != nil {
		log.Fatal(err)
	}
	if restarter.ShouldRestart() {
		os.Exit(restarter.ExitCode)
	}
`,
	"tableflip": `
	upg, err := tableflip.New(tableflip.Options{PIDFile: "server.pid"})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, upg.Stop)
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	go func() {
		for range hup {
			if err := upg.Upgrade(); err != nil {
				log.Print(err)
			}
		}
	}()
	ln, err := upg.Listen("tcp", os.Getenv("ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(page)}
	go srv.Serve(ln)
	if err := upg.Ready(); err != nil {
		log.Fatal(err)
	}
	<-upg.Exit()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	srv.Shutdown(ctx)
`,
}

// imports is what a server needs beyond the standard library.
var imports = map[string][]string{
	"restarter": {"github.com/lib537/restarter", "github.com/lib537/restarter/restarthttp"},
	"tableflip": {"github.com/cloudflare/tableflip"},
}

// text is the whole of main.go.
func (s source) text(server string) string {
	names := []string{"context", "fmt", "log", "net/http", "os", "os/signal", "syscall", "time", "example.com/other"}
	var list strings.Builder
	for _, name := range append(names, imports[server]...) {
		fmt.Fprintf(&list, "\t%q\n", name)
	}
	return fmt.Sprintf("package main\n\nimport (\n%s)\n\n// This comment says %q.\nconst version = %d\n%s\n"+
		"var began = time.Now()\n\nfunc main() {\n\t%s\n\tlog.Print(version, began)%s}\n\n"+
		"func page(w http.ResponseWriter, r *http.Request) {\n"+
		"\tfmt.Fprintf(w, \"<!doctype html><body>version %%d other %%d pid %%d</body>\\n\", version, other.Version, os.Getpid())\n}\n",
		list.String(), s.words, s.version, s.extra, s.first, servers[server])
}

// other is the package of the other module.
func other(version int) string {
	return fmt.Sprintf("package other\n\nconst Version = %d\n", version)
}

// writeModules lays the module of a server and the one beside it, both below dir.
func writeModules(dir, checkout string, t tool) error {
	mod := "module example.com/app\n\ngo 1.21\n\nrequire example.com/other v0.0.0\n\nreplace example.com/other => ../other\n"
	switch t.Server {
	case "restarter":
		mod += "\nrequire github.com/lib537/restarter v0.0.0\n\nreplace github.com/lib537/restarter => " + checkout + "\n"
	case "tableflip":
		mod += "\nrequire " + t.Module + " " + t.Version + "\n"
	}
	for name, text := range map[string]string{
		"app/go.mod":     mod,
		"app/main.go":    source{}.text(t.Server),
		"other/go.mod":   "module example.com/other\n\ngo 1.21\n",
		"other/other.go": other(0),
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
