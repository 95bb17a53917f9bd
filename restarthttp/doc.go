// Package restarthttp has an HTTP server lose no request when its program restarts, and the browser
// follow. It goes with package restarter, and is of use without it.
//
// [Serve] serves until a context ends, and then leaves without losing a request.
package restarthttp
