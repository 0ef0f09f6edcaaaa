package web

import (
	"net/url"
	"strconv"
)

// From is where a page of a list starts: the number of rows before it, from the
// query of the address.
func (c *Ctx) From() int {
	n, err := strconv.Atoi(c.Query("from"))
	if err != nil || n < 0 || n > 1_000_000 {
		return 0
	}
	return n
}

// PagesOf says where a page of per rows stands in a list of total, and links the
// pages beside it. keep holds what else the address asks, such as the words searched.
func PagesOf(path string, keep url.Values, from, per, total int) Pages {
	at := func(n int) string {
		q := url.Values{"from": {strconv.Itoa(n)}}
		for k, v := range keep {
			if len(v) > 0 && v[0] != "" {
				q[k] = v
			}
		}
		return path + "?" + q.Encode()
	}
	p := Pages{From: min(from+1, total), To: min(from+per, total), Total: total}
	if from > 0 {
		p.Newer = at(max(0, from-per))
	}
	if from+per < total {
		p.Older = at(from + per)
	}
	return p
}

// Cut is the page of a list that starts at from.
func Cut[T any](list []T, from, per int) []T {
	from = min(from, len(list))
	return list[from:min(from+per, len(list))]
}
