package appliance

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsAreForThisMachineAndForWhoShowsTheToken(t *testing.T) {
	m := &metrics{registry: prometheus.NewRegistry()}
	for _, c := range []struct {
		name, token, from, header, value string
		want                             int
	}{
		{"this machine", "", "127.0.0.1:999", "", "", 200},
		{"this machine, IPv6", "", "[::1]:999", "", "", 200},
		{"a neighbour", "", "10.0.0.7:999", "", "", 401},
		{"a neighbour who says to be near", "", "10.0.0.7:999", "X-Forwarded-For", "127.0.0.1", 401},
		{"through a proxy here", "", "127.0.0.1:999", "X-Forwarded-For", "10.0.0.7", 401},
		{"the token", "secret-word", "10.0.0.7:999", "Authorization", "Bearer secret-word", 200},
		{"another token", "secret-word", "10.0.0.7:999", "Authorization", "Bearer secret-word2", 401},
		{"an empty token", "", "10.0.0.7:999", "Authorization", "Bearer ", 401},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		w := httptest.NewRecorder()
		m.door(c.token).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: got %d, want %d", c.name, w.Code, c.want)
		}
	}
}
