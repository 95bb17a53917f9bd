// Package restarthttp restarts an HTTP server without losing a request (but for one race that HTTP/1
// cannot avoid, see [Serve]), and reloads the browser. It goes with package restarter:
//
//	ln, err := restarter.Listen("tcp", "localhost:8080")
//	...
//	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
//	defer stop()
//	ctx, forget := restarter.NotifyContext(ctx)
//	defer forget()
//	srv := &http.Server{Handler: restarthttp.LiveReload(handler)}
//	err = restarthttp.Serve(ctx, srv, ln)
//
// [Serve] serves until a context ends, and then stops without losing a request. [LiveReload] wraps the
// handler of the program; outside a child it returns that handler itself. Each can be used without the
// other.
package restarthttp
