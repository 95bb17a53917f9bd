package system

import (
	"fmt"
	"os"
	"strings"
)

// ParentArgs returns the command line of the process that started this one, nil if unknown.
func ParentArgs() []string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", os.Getppid()))
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
}
