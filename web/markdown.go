package web

import (
	"bytes"
	"html"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

var (
	toHTML = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.Typographer))
	policy = prosePolicy()
)

// Markdown turns a person's Markdown into HTML without power: raw HTML is
// dropped, links lead to http, https, mailto or tel only, pictures are not
// loaded, and the result passes a policy after rendering.
func Markdown(src string) string {
	var out bytes.Buffer
	if err := toHTML.Convert([]byte(src), &out); err != nil {
		return "<p>" + html.EscapeString(src) + "</p>"
	}
	return string(policy.SanitizeBytes(out.Bytes()))
}

func prosePolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "strong", "em", "del", "blockquote", "ul", "ol", "li", "code", "pre",
		"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,6}$`)).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnLinks(true)
	p.RequireNoFollowOnLinks(true)
	return p
}
