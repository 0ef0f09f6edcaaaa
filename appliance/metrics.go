package appliance

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"preau/store"
)

// metrics are a site's figures for Prometheus. Labels are few and name nobody.
type metrics struct {
	registry *prometheus.Registry
	requests [6]prometheus.Counter // by class of status
	seconds  prometheus.Histogram
}

func newMetrics(x *server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "preau_request_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.001, .005, .02, .05, .1, .25, 1, 5, 30},
		}),
	}
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "preau_requests_total", Help: "Requests answered, by class of status.",
	}, []string{"status"})
	for i := 1; i < len(m.requests); i++ {
		m.requests[i] = requests.WithLabelValues(strconv.Itoa(i) + "xx")
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), requests, m.seconds)
	gauge := func(name, help string, read func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "preau_" + name, Help: help}, read))
	}
	yes := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	gauge("read_only", "1 when nothing can be written until the next start.", func() float64 { return yes(x.DB.ReadOnly() != nil) })
	gauge("disk_free_bytes", "Room left where the data lies.", func() float64 { return float64(x.disk.state().Free) })
	gauge("database_bytes", "Length of the database file.", func() float64 { return float64(x.DB.Size()) })
	gauge("pending_records", "Records that wait to leave.", func() float64 { return float64(x.Exchange.Status().Pending.Records) })
	gauge("pending_bytes", "Bytes that wait to leave.", func() float64 { return float64(x.Exchange.Status().Pending.Bytes) })
	gauge("last_contact_seconds", "Unix time of the last contact with the other side, 0 before the first.", func() float64 {
		if t := x.Exchange.Status().LastContact; !t.IsZero() {
			return float64(t.Unix())
		}
		return 0
	})
	gauge("clock_trusted", "1 when the clock is trusted.", func() float64 { _, ok := x.Clock.Now(); return yes(ok) })
	gauge("last_stop_clean", "1 when the stop before this start was in order.", func() float64 { return yes(x.clean) })
	m.registry.MustRegister(figures{x.Running})
	return m
}

// figures are what the modules count. Which there are depends on the data, so
// that none are described ahead.
type figures struct{ *Running }

// Describe names none: the collector is an unchecked one.
func (figures) Describe(chan<- *prometheus.Desc) {}

// Collect reads them all in one view.
func (f figures) Collect(out chan<- prometheus.Metric) {
	err := f.DB.View(func(tx *store.Tx) error {
		for _, mod := range f.Modules {
			if mod.Figures == nil {
				continue
			}
			list, err := mod.Figures(tx)
			if err != nil {
				return err
			}
			for _, g := range list {
				var names, values []string
				for i := 0; i+1 < len(g.Labels); i += 2 {
					names, values = append(names, g.Labels[i]), append(values, g.Labels[i+1])
				}
				m, err := prometheus.NewConstMetric(prometheus.NewDesc("preau_"+g.Name, g.Help, names, nil), prometheus.GaugeValue, g.Value, values...)
				if err != nil {
					return err
				}
				out <- m
			}
		}
		return nil
	})
	if err != nil {
		f.Log.Warn("figures could not be read", "cause", err)
	}
}

// door lets in this machine, and who shows the token. Behind a proxy everybody
// seems to be this machine: then only the token counts.
func (m *metrics) door(token string) http.Handler {
	inner := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		shown := token != "" && bearer && subtle.ConstantTimeCompare([]byte(given), []byte(token)) == 1
		if !shown && !local(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a token is needed", http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

func local(r *http.Request) bool {
	for _, h := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(host).IsLoopback()
}

// count measures the answers of a handler.
func (m *metrics) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		c := &counted{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(c, r)
		m.requests[min(c.status/100, 5)].Inc()
		m.seconds.Observe(time.Since(began).Seconds())
	})
}

type counted struct {
	http.ResponseWriter
	status int
}

func (c *counted) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
