package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"preau/school"
)

// BenchmarkPages draws pages with the full kit, without the network.
func BenchmarkPages(b *testing.B) {
	s := newSample(b, 5000)
	shared, err := s.Server.OpenSession(s.People[school.Teacher].ID, false)
	if err != nil {
		b.Fatal(err)
	}
	own, err := s.Server.OpenSession(s.People[school.Teacher].ID, true)
	if err != nil {
		b.Fatal(err)
	}
	for name, path := range map[string]string{"home": "/", "list": "/notes"} {
		ask := func(ck *http.Cookie, etag string) *httptest.ResponseRecorder {
			req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
			req.Host = "localhost"
			req.AddCookie(ck)
			req.Header.Set("Accept-Encoding", "gzip")
			if etag != "" {
				req.Header.Set("If-None-Match", etag)
			}
			rec := httptest.NewRecorder()
			s.Server.ServeHTTP(rec, req)
			return rec
		}
		b.Run(name+" drawn", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rec := ask(shared, ""); rec.Code != http.StatusOK {
					b.Fatal(rec.Code)
				}
			}
		})
		b.Run(name+" unchanged", func(b *testing.B) {
			b.ReportAllocs()
			etag := ask(own, "").Header().Get("ETag")
			for b.Loop() {
				if rec := ask(own, etag); rec.Code != http.StatusNotModified {
					b.Fatal(rec.Code)
				}
			}
		})
	}
}
