package web

import (
	"net/http"
	"time"

	"preau/school"
)

// Kind says what a site is: a Box in a school or the Office. Its values are
// those of school.SiteInfo.Kind.
type Kind string

// The kinds of site.
const (
	Box    Kind = school.Box
	Office Kind = school.Office
)

// Handler answers one request. What it returns is rendered by the error kit:
// it writes no error page itself.
type Handler func(*Ctx) error

// Route is one page or one form's target.
type Route struct {
	Method string // "" is GET; GET answers HEAD too
	Path   string // "/circulars/{id}"
	Access school.Access

	// Reads are the collections that the handler reads through Ctx.View, and
	// store.ProgressName or store.BlobsName when it shows these. On a person's own
	// device the page is then answered by "unchanged" without reading anything.
	// Without Reads a page is always rendered. What is read but not declared makes
	// the tests fail, and the page goes out without its ETag.
	Reads []string
	// Every is how long a page may be called unchanged although time passes: a
	// page that says "2 h ago" needs an hour. 0 is until the day ends.
	Every time.Duration

	// MaxBody bounds what is sent, in bytes; 0 is 1 MiB. Longer bodies are refused
	// with 413 before they are read.
	MaxBody int64
	// OneTime lets in people whose one-time secret must be changed first.
	OneTime bool
	// Quiet is a page whose opening is no use of the session: what asks whether
	// somebody is still there must not be the answer.
	Quiet bool
	// Plain marks an address for machines (healthz): no session, no redirect to
	// the sign-in page, errors as short text.
	Plain bool

	Handle Handler
}

// Endpoint is one door of the API under /api/v1. A bearer token acts as its
// person, with the same rights as on the pages.
type Endpoint struct {
	Method string
	Path   string // "/circulars/{id}/sign", below /api/v1
	At     []Kind // empty: both
	Access school.Access
	In     any // zero value of what Ctx.In reads, for the document; nil: no body
	Out    any // zero value of the answer
	Query  []string
	Status int // of success; 0 is 200
	// MaxBody as in Route.
	MaxBody int64
	// PerMinute bounds calls per token; 0 leaves only the kit's own wide bound.
	PerMinute int
	Summary   string // one line of English for the document
	Handle    func(*Ctx) (any, error)
}

// NavItem is one word of the navigation: a words key and where it leads. Who
// may not go there does not see it.
type NavItem struct {
	Key, Href string
	Access    school.Access
}

func (r Route) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}
