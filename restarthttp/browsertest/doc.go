// Package browsertest tests restarthttp.LiveReload in a real browser. It is a module of its own, so
// that the library needs none:
//
//	cd restarthttp/browsertest && go test
//
// It needs Chromium or Chrome, and is skipped where there is none.
package browsertest
