package assets

import "strings"

// minify takes comments and needless spaces out of a style sheet. It knows
// only what our own sheet contains: strings in double quotes, no "/*" in them.
func minify(src string) string {
	var b strings.Builder
	b.Grow(len(src))
	space := false
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case c == '"':
			end := i + 1 + strings.IndexByte(src[i+1:], '"')
			writeSpace(&b, &space, c)
			b.WriteString(src[i : end+1])
			i = end
		case c == '/' && i+1 < len(src) && src[i+1] == '*':
			end := strings.Index(src[i+2:], "*/")
			i += 2 + end + 1
			space = true
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			space = true
		default:
			writeSpace(&b, &space, c)
			b.WriteByte(c)
		}
	}
	return strings.ReplaceAll(b.String(), ";}", "}")
}

// writeSpace writes the pending space unless a neighbour makes it needless. A
// space before ":" matters in selectors ("a :hover"), so only the other signs
// swallow it on both sides.
func writeSpace(b *strings.Builder, space *bool, next byte) {
	if !*space {
		return
	}
	*space = false
	s := b.String()
	if s == "" || strings.IndexByte("{};,>:", s[len(s)-1]) >= 0 || strings.IndexByte("{};,>", next) >= 0 {
		return
	}
	b.WriteByte(' ')
}
