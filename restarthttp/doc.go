// Package restarthttp has an HTTP server lose no request when its program restarts, and the browser
// follow. It goes with package restarter:
//
//	ln, err := restarter.Listen("tcp", "localhost:8080")
//	...
//	ctx, stop := restarter.NotifyContext(context.Background())
//	defer stop()
//	srv := &http.Server{Handler: restarthttp.LiveReload(handler)}
//	err = restarthttp.Serve(ctx, srv, ln)
//
// [Serve] serves until a context ends, and then leaves without losing a request. [LiveReload] is a
// handler around that of the program, and is that handler itself outside a child. Both are of use without the
// other.
package restarthttp
