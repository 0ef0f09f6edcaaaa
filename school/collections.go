package school

import (
	"embed"
	"io/fs"

	"preau/store"
)

// Collections are the package's own collections, for store.Open. The packages
// below have theirs: org.Collections and seal.Collections.
func Collections() []store.Definition {
	return []store.Definition{
		Sites, People, Classes, Assignments, Years, Secrets, Cards, Throttles, Matricules, AuditLog, Contacts, Readings, Photos,
	}
}

//go:embed words/*.json
var words embed.FS

// Words are the catalogues of every sentence that school and its packages
// refuse with, and the names of roles and kinds: words/fr.json, words/en.json.
var Words fs.FS = words
