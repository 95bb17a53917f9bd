package restarter_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/lib537/restarter"
	"github.com/lib537/restarter/restarthttp"
)

// Three lines are enough for a server: it is sent SIGTERM when its successor is built.
func Example() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}

// A loop that asks.
func ExampleShouldRestart() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	for !restarter.ShouldRestart() {
		fmt.Println("working")
		time.Sleep(time.Second)
	}
	// clean up here
	os.Exit(restarter.ExitCode)
}

// A program that ends on Ctrl-C as well.
func ExampleNotifyContext() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, forget := restarter.NotifyContext(ctx)
	defer forget()

	<-ctx.Done()
	log.Print(context.Cause(ctx)) // restarter: time to restart: handler.go
	if errors.Is(context.Cause(ctx), restarter.ErrChanged) {
		os.Exit(restarter.ExitCode)
	}
}

// A server whose clients do not notice a restart.
func ExampleListen() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ln, err := restarter.Listen("tcp", "localhost:8080")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()

	srv := &http.Server{Handler: http.FileServer(http.Dir("."))}
	if err := restarthttp.Serve(ctx, srv, ln); err != nil {
		log.Fatal(err)
	}
	os.Exit(restarter.ExitCode)
}

// Files that the program reads when it starts.
func ExampleTrack() {
	restarter.Track("config.json", "templates", "locale/*.po")
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	config, err := os.ReadFile("config.json")
	if err != nil {
		log.Fatal(err) // see Launcher.WaitOnFailure
	}
	fmt.Printf("%s\n", config)
}

// A program with generated source, which runs again as soon as a panic is fixed.
func ExampleLauncher() {
	if restarter.IsParent() {
		l := restarter.Launcher{
			Generate:      []string{"go", "tool", "templ", "generate"},
			Sources:       []string{"views/*.templ"},
			Grace:         5 * time.Second,
			WaitOnFailure: true,
		}
		os.Exit(l.LaunchChild())
	}
	log.Fatal("the child's own main")
}
