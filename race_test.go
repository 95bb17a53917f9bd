//go:build race

package restarter

func init() { raceDetector = true }
