package restarthttp

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// zipped is middleware that compresses as clients ask for.
func zipped(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		h.ServeHTTP(zipWriter{w, z}, r)
	})
}

type zipWriter struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (w zipWriter) Write(b []byte) (int, error) { return w.z.Write(b) }
func (w zipWriter) FlushError() error {
	w.z.Flush()
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Whether pages are compressed outside or inside of it, they get their script, and the stream flows.
func TestCompression(t *testing.T) {
	page := http.HandlerFunc(answer("Content-Type: text/html", "<html></body>"))
	for name, h := range map[string]http.Handler{
		"outside": zipped(newLiveReload(page, "id")),
		"inside":  newLiveReload(zipped(page), "id"),
	} {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		r, _ := http.NewRequest("GET", srv.URL, nil)
		r.Header.Set("Accept", "text/html")
		resp, err := http.DefaultClient.Do(r) // which asks for gzip, and unpacks it
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if resp.Body.Close(); err != nil || string(b) != "<html>"+element+"</body>" || resp.Uncompressed != (name == "outside") {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		follow(t, srv.URL).expect("hello: id", "idle: ")
	}
}
