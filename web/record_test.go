package web_test

import (
	"net/http"
	"net/http/httptest"
)

// record asks a server directly, with a cookie.
func record(h http.Handler, ck *http.Cookie, path string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	req.Host = "localhost"
	if ck != nil {
		req.AddCookie(ck)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}
