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
)

// The smallest program: a loop that asks.
func Example() {
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
	ln, err := restarter.Listen("tcp", "localhost:8080") // in both processes
	if err != nil {
		log.Fatal(err)
	}
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	ctx, stop := restarter.NotifyContext(context.Background())
	defer stop()

	srv := &http.Server{Handler: http.FileServer(http.Dir("."))}
	go srv.Serve(ln)
	<-ctx.Done()
	srv.Shutdown(context.Background()) // see examples/web for one that loses no request
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

// A program that is built by a makefile, and runs again as soon as a panic is fixed.
func ExampleLauncher() {
	if restarter.IsParent() {
		l := restarter.Launcher{
			Build:         []string{"make", "server"}, // server: ; go build -o $(RESTARTER_OUTPUT) .
			Grace:         5 * time.Second,
			WaitOnFailure: true,
		}
		os.Exit(l.LaunchChild())
	}
	log.Fatal("the child's own main")
}
