// Package web is the page kit: routes, layout, words, sessions, forms, errors
// and static files. It is the only importer of echo, and nothing of echo shows
// through it.
//
// It promises:
//
//   - A route that names nobody lets nobody in. What may not be seen and what
//     does not exist look alike.
//   - A form's words are never lost by a refusal, and a form sent twice is done
//     once: its token is spent by the commit that does the deed, not before.
//   - A page of a person on a shared computer is never kept by the browser; on a
//     person's own device it is kept and costs one small question each time.
//   - Errors are rendered in one place: a sentence for the person, the cause for
//     the log. No name, mark or secret is logged or put into an address.
//   - Every page is complete without scripts, and works on a browser of 2013.
//
// It does not know any feature, decide who may do what (school does), or write
// anything but sessions, spent form tokens, kept uploads and API tokens.
//
// docs/PAGES.md shows how a page and a form are written.
package web
