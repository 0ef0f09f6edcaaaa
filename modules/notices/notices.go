package notices

import (
	"embed"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

//go:embed words/*.json
var files embed.FS

// maxAnnexes bounds one form with its annexes, in bytes.
const maxAnnexes = 24 << 20

// Module is the feature, for modules/all.
func Module() appliance.Module {
	read, write, sign := school.May(school.ReadNotices), school.May(school.WriteNotices), school.May(school.SignNotices)
	names := school.May(school.SeeReceipts)
	reads := []string{notices.Name(), drafts.Name(), school.Readings.Name(), school.Classes.Name()}
	shows := append([]string{store.BlobsName}, reads...)
	return appliance.Module{
		Name: "notices", Files: files,
		Collections: []store.Definition{drafts, notices},
		Nav:         []web.NavItem{{Key: "notices.nav", Href: "/notices", Access: read}},
		Due:         due, Board: board, DueReads: reads,
		Holds: holds,
		Demo:  demo, DemoAfter: []string{"people", "rooms"},
		Pages: []web.Route{
			{Path: "/notices", Access: read, Reads: reads, Handle: showBoard},
			{Path: "/notices/archive", Access: read, Reads: reads, Handle: showArchive},
			{Path: "/notices/new", Access: write, Handle: newDraft},
			{Method: "POST", Path: "/notices/new", Access: write, MaxBody: maxAnnexes, Handle: saveDraft},
			{Path: "/notices/drafts/{id}", Access: write, Handle: editDraft},
			{Method: "POST", Path: "/notices/drafts/{id}", Access: write, MaxBody: maxAnnexes, Handle: saveDraft},
			{Path: "/notices/drafts/{id}/sign", Access: sign, Handle: confirmSign},
			{Method: "POST", Path: "/notices/drafts/{id}/sign", Access: sign, Handle: doSign},
			{Method: "POST", Path: "/notices/drafts/{id}/return", Access: sign, Handle: giveBack},
			{Path: "/notices/drafts/{id}/delete", Access: write, Handle: confirmDelete},
			{Method: "POST", Path: "/notices/drafts/{id}/delete", Access: write, Handle: deleteDraft},
			{Path: "/notices/drafts/{id}/annexes/{n}", Access: write, Handle: draftAnnex},
			{Path: "/notices/{id}", Access: read, Reads: shows, Handle: show},
			{Method: "POST", Path: "/notices/{id}/read", Access: read, Handle: doAcknowledge},
			{Path: "/notices/{id}/annexes/{n}", Access: read, Handle: annex},
			{Method: "POST", Path: "/notices/{id}/successor", Access: write, Handle: succeed},
			{Path: "/notices/{id}/readers", Access: names, Reads: reads, Handle: showReaders},
			{Path: "/notices/{id}/sheet", Access: names, Handle: sheetPage},
			{Method: "POST", Path: "/notices/{id}/sheet", Access: school.May(school.TickReceipts), Handle: doTick},
		},
	}
}
