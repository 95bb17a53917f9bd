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

// All servers answer with the same page, and shut down when they are told to. The words in capitals are
// replaced.
const program = `package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/other"
	IMPORTS
)

// This comment says: WORDS.
const version = VERSION
EXTRA
func main() {
	FIRST
	BEFORE
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	LISTEN
	if err != nil {
		log.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(page)}
	SERVE
}

func page(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "<!doctype html><body>version %d other %d pid %d</body>\n", version, other.Version, os.Getpid())
}
`

// A server is what its program has in place of those words.
type server struct{ imports, before, listen, serve string }

const shutdown = `
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	srv.Shutdown(ctx)`

var servers = map[string]server{
	"plain": {imports: `"net"`, listen: `ln, err := net.Listen("tcp", os.Getenv("ADDR"))`, serve: `go srv.Serve(ln)
	<-ctx.Done()` + shutdown},
	"restarter": {imports: "\"github.com/lib537/restarter\"\n\t\"github.com/lib537/restarter/restarthttp\"",
		before: `if restarter.IsParent() {
		l := restarter.Launcher{WaitOnFailure: os.Getenv("WAIT") != ""}
		l.Overlap, _ = time.ParseDuration(os.Getenv("OVERLAP"))
		os.Exit(l.LaunchChild())
	}`,
		listen: `ctx, forget := restarter.NotifyContext(ctx)
	defer forget()
	ln, err := restarter.Listen("tcp", os.Getenv("ADDR"))`,
		serve: `if err := restarthttp.Serve(ctx, srv, ln); err != nil {
		log.Fatal(err)
	}
	if restarter.ShouldRestart() {
		os.Exit(restarter.ExitCode)
	}`},
	"tableflip": {imports: `"github.com/cloudflare/tableflip"`,
		before: `upg, err := tableflip.New(tableflip.Options{PIDFile: "server.pid"})
	if err != nil {
		log.Fatal(err)
	}
	upgrade := make(chan os.Signal, 1)
	signal.Notify(upgrade, syscall.SIGHUP)
	go func() {
		for range upgrade {
			log.Print("upgrade: ", upg.Upgrade())
		}
	}()`,
		listen: `ln, err := upg.Listen("tcp", os.Getenv("ADDR"))`,
		serve: `go srv.Serve(ln)
	if err := upg.Ready(); err != nil {
		log.Fatal(err)
	}
	select {
	case <-upg.Exit():
	case <-ctx.Done():
		upg.Stop()
	}` + shutdown},
}

// text is the whole of main.go.
func (s source) text(name string) string {
	v := servers[name]
	return strings.NewReplacer("IMPORTS", v.imports, "WORDS", s.words, "VERSION", fmt.Sprint(s.version), "EXTRA", s.extra,
		"FIRST", s.first, "BEFORE", v.before, "LISTEN", v.listen, "SERVE", v.serve).Replace(program)
}

// other is the package of the other module.
func other(version int) string { return fmt.Sprintf("package other\n\nconst Version = %d\n", version) }

// writeModules lays the module of a server and the one beside it, both below dir.
func writeModules(dir, checkout string, t tool) error {
	mod := "module example.com/app\n\ngo 1.21\n\nrequire example.com/other v0.0.0\nreplace example.com/other => ../other\n"
	switch t.Server {
	case "restarter":
		mod += fmt.Sprintf("require github.com/lib537/restarter v0.0.0\nreplace github.com/lib537/restarter => %q\n", checkout)
	case "tableflip":
		mod += "require " + t.Module + " " + t.Version + "\n"
	}
	for name, text := range map[string]string{
		"app/go.mod": mod, "app/main.go": source{}.text(t.Server),
		"other/go.mod": "module example.com/other\n\ngo 1.21\n", "other/other.go": other(0),
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
