package gotool

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hashes are four as the go command makes them; all programs of these tests have the same.
const (
	contentHash = "0123456789-_ABCDwxyz"
	hashes      = "abcdefghijklmnopqrst/ABCDEFGHIJKLMNOPQRST/01234567890123456789/" + contentHash
	inputs      = "abcdefghijklmnopqrst/ABCDEFGHIJKLMNOPQRST/01234567890123456789/abcdefghijklmnopqrst" // nothing of the content
)

func note(id string) string {
	return "\x7fELF\x04\x00\x00\x00\x53\x00\x00\x00\x04\x00\x00\x00Go\x00\x00" + id + "\x00rest"
}

func text(id string) string { return "MZ\xff Go build ID: \"" + id + "\"\n \xff rest" }

// idOf returns the content ID of a file of the content.
func idOf(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "exe")
	if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	id, err := ContentID(name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func hashed(content string) string {
	tail := content[max(0, len(content)-4<<10):]
	return fmt.Sprint(contentHash, ":", crc32.ChecksumIEEE([]byte(tail)), ":", len(content))
}

func whole(content string) string {
	return fmt.Sprint(":", crc32.ChecksumIEEE([]byte(content)), ":", len(content))
}

func TestContentID(t *testing.T) {
	large := strings.Repeat("x", 200<<10)
	tests := []struct {
		name, content string
		want          func(string) string
	}{
		{"note", note(hashes), hashed},
		{"text", text(hashes), hashed},
		{"large", note(hashes) + large, hashed},
		{"a name that looks like the note", "Go\x00\x00vendor\x00" + note(hashes), hashed},
		{"our own search string", "\xff Go build ID: \"\x00" + text(hashes), hashed},
		{"made up", note("a/b/c/d"), whole},
		{"made up, as text", text("a/b/c/d"), whole},
		{"made up, of one part", note("v1.2.3"), whole},
		{"empty", note(""), whole},
		{"without an end", "Go\x00\x00" + hashes, whole},
		{"behind the head", large + note(hashes), whole},
		{"none", "#!/bin/sh\n", whole},
		{"of go run, up to Go 1.23", note(inputs), func(content string) string {
			return whole(strings.Replace(content, inputs, strings.Repeat("\x00", len(inputs)), 1))
		}},
		{"none, large", large, whole},
	}
	for _, test := range tests {
		if got, want := idOf(t, test.content), test.want(test.content); got != want {
			t.Errorf("%s: %q, want %q", test.name, got, want)
		}
	}
}

// Each of these makes another program of the same size.
func TestContentIDDiffers(t *testing.T) {
	large := strings.Repeat("x", 200<<10)
	tests := map[string][2]string{
		"the hash":                           {note(hashes), note(hashes[:len(hashes)-1] + "Z")},
		"what is appended":                   {note(hashes) + large + "v1", note(hashes) + large + "v2"},
		"what is appended, less than a page": {note(hashes) + "v1", note(hashes) + "v2"},
		"a made-up ID":                       {note("a/b/c/d"), note("a/b/c/e")},
		"behind the same made-up ID":         {note("a/b/c/d") + large + "1" + large, note("a/b/c/d") + large + "2" + large},
		"the middle of a file without an ID": {large + "1" + large, large + "2" + large},
		"the end of a file without an ID":    {large + "1", large + "2"},
	}
	for name, test := range tests {
		a, b := idOf(t, test[0]), idOf(t, test[1])
		if a == b {
			t.Errorf("%s does not count: %q", name, a)
		}
		if again := idOf(t, test[0]); again != a {
			t.Errorf("%s: the same bytes have ID %q, then %q", name, a, again)
		}
	}
	if idOf(t, note(hashes)) == idOf(t, note(hashes)+"assets") {
		t.Error("the size does not count")
	}
	if text := note(inputs) + text(inputs); idOf(t, text) != idOf(t, strings.ReplaceAll(text, "abcdefgh", "hgfedcba")) {
		t.Error("the hash of the inputs counts where there is none of the content")
	}
	other := strings.Replace(note(hashes), "abcdefgh", "hgfedcba", 1)
	if idOf(t, note(hashes)+large) != idOf(t, other+large) {
		t.Error("the hash of the inputs counts, which a change of a comment changes too")
	}
}

// An ID that the user has chosen may have the form of one of the go command, and says nothing.
func TestContentIDOfARecipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "exe")
	content := note(hashes)
	if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	for ldflags, want := range map[string]string{
		"": hashed(content), "-s -w": hashed(content), "-buildid=" + hashes: whole(content), "-s -buildid= -w": whole(content),
	} {
		r := Recipe{ldflags: ldflags}
		if got, err := r.ContentID(name); got != want || err != nil {
			t.Errorf("-ldflags=%q: %q, want %q, error %v", ldflags, got, want, err)
		}
	}
}

func TestContentIDOfNoProgram(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty") // as a copy is that has just begun
	if err := os.WriteFile(empty, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"an empty file": empty, "a directory": dir, "a missing file": filepath.Join(dir, "missing")} {
		if id, err := ContentID(path); err == nil || id != "" {
			t.Errorf("%s has ID %q, error %v", name, id, err)
		}
	}
}
