// Hello is a web server that rebuilds and restarts itself: start it with
//
//	go run ./examples/hello
//
// open http://localhost:8080/, and change the greeting.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/lib537/restarter"
)

func main() {
	if restarter.IsParent() {
		os.Exit(restarter.LaunchChild())
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello")
	})
	log.Fatal(http.ListenAndServe("localhost:8080", nil))
}
