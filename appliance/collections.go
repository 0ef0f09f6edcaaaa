package appliance

import (
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// Definitions are all collections of a site, the vocabulary's, the exchange's
// and the kit's first. Both kinds of site open the same list.
func Definitions(modules []Module) []store.Definition {
	var defs []store.Definition
	for _, shared := range [][]store.Definition{
		school.Collections(), org.Collections(), packs.Collections(), seal.Collections(), boxsync.Collections(), web.Collections(),
	} {
		defs = append(defs, shared...)
	}
	defs = append(defs, setups, starts, corrections)
	for _, m := range modules {
		defs = append(defs, m.Collections...)
	}
	return defs
}
