// Package restarter rebuilds and restarts a program when its source changes.
package restarter
