//go:build !linux

package system

// ParentArgs returns nil: this system does not tell without another program's help.
func ParentArgs() []string { return nil }
