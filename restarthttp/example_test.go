package restarthttp_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"

	"github.com/lib537/restarter"
	"github.com/lib537/restarter/restarthttp"
)

// A server that loses no request, and whose pages follow it in the browser. The example is not run: it
// would launch itself.
func Example() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, forget := restarter.NotifyContext(ctx)
	defer forget()

	ln, err := restarter.Listen("tcp", "localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<!doctype html><title>Hello</title><h1>Hello</h1>")
	})
	srv := &http.Server{Handler: restarthttp.LiveReload(mux)}
	if err := restarthttp.Serve(ctx, srv, ln); err != nil {
		log.Fatal(err)
	}
	if restarter.ShouldRestart() {
		os.Exit(restarter.ExitCode)
	}
}
