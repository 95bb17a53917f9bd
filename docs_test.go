package restarter

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every message is explained in the documentation.
func TestMessagesAreExplained(t *testing.T) {
	page, err := os.ReadFile("docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	// A verb of the format is a word there.
	verb := regexp.MustCompile(`%[vsd]`)
	message := regexp.MustCompile(`(?:\.Say|say\.Line)\("([^"]+)"`)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range message.FindAllStringSubmatch(string(text), -1) {
			if m[1] == "%v" || m[1] == "debug: " {
				continue
			}
			found++
			pattern := `\| ` + verb.ReplaceAllString(regexp.QuoteMeta(m[1]), `[XTN]`) + ` \|`
			if !regexp.MustCompile(pattern).Match(page) {
				t.Errorf("%s: %q is not in docs/troubleshooting.md", source, m[1])
			}
		}
	}
	if found < 20 || !strings.Contains(string(page), "RESTARTER=debug") {
		t.Errorf("%d messages", found)
	}
}
