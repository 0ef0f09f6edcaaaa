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
	return level(string(policy.SanitizeBytes(out.Bytes())))
}

var heading = regexp.MustCompile(`<(/?)h([1-6])>`)

// level moves the headings of a text so that its highest is an h2: the page's own
// heading stands above, and no step may be left out between them.
func level(text string) string {
	top := byte('7')
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		top = min(top, m[2][0])
	}
	if top == '7' || top == '2' {
		return text
	}
	return heading.ReplaceAllStringFunc(text, func(tag string) string {
		n := min(tag[len(tag)-2]-top+'2', '6')
		return tag[:len(tag)-2] + string(rune(n)) + ">"
	})
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
