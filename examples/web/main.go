// Web is a server whose restarts no client notices, and which the browser follows: start it with
//
//	go run ./examples/web
//
// open http://localhost:8080/, and change the version here, the template in page.html, or
// web.conf.
package main

import (
	"bytes"
	"context"
	"embed"
	"flag"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/lib537/restarter"
	"github.com/lib537/restarter/restarthttp"
)

const version = "1"

//go:embed page.html
var files embed.FS

var (
	page    = template.Must(template.ParseFS(files, "page.html"))
	started = time.Now()
)

func main() {
	addr := flag.String("addr", "localhost:8080", "where to listen")
	conf := flag.String("conf", beside("web.conf"), "the configuration file")
	var l restarter.Launcher
	flag.DurationVar(&l.Overlap, "overlap", 0, "how long a new version may take to get ready while the old one runs; 0 runs one at a time")
	flag.Parse()

	// In the parent this opens the socket, in the child it takes it over.
	ln, err := restarter.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if restarter.IsParent() {
		os.Exit(l.LaunchChild())
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, forget := restarter.NotifyContext(ctx)
	defer forget()

	restarter.Track(*conf)
	motto, err := os.ReadFile(*conf)
	if err != nil {
		log.Print(err)
	}
	log.Printf("version %s, process %d, serves http://%s/", version, os.Getpid(), ln.Addr())
	srv := &http.Server{Handler: restarthttp.LiveReload(handler(strings.TrimSpace(string(motto))))}
	if err := restarthttp.Serve(ctx, srv, ln); err != nil {
		log.Fatal(err)
	}
	log.Printf("process %d is done: %v", os.Getpid(), context.Cause(ctx))
	if restarter.ShouldRestart() {
		os.Exit(restarter.ExitCode)
	}
}

func handler(motto string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		err := page.Execute(&b, map[string]any{
			"Version": version, "Motto": motto,
			"Process": os.Getpid(), "Started": started.Format(time.TimeOnly),
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Write(b.Bytes())
	})
}

// beside returns the path of a file that lies beside this one.
func beside(name string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), name)
}
