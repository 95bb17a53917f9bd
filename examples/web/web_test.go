package main

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	handler("<motto>").ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if text := w.Body.String(); w.Code != 200 || !strings.Contains(text, "&lt;motto&gt;") || !strings.Contains(text, "Version "+version) {
		t.Errorf("%d: %s", w.Code, text)
	}
}
