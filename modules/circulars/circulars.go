package circulars

import (
	"embed"

	"preau/appliance"
	"preau/school"
	"preau/store"
	"preau/web"
)

//go:embed words
var files embed.FS

// maxAnnexes bounds one form with its annexes, in bytes.
const maxAnnexes = 24 << 20

// Module is the feature for both kinds of site.
func Module() appliance.Module {
	write, sign, list := school.May(school.WriteCirculars), school.May(school.SignCirculars), school.May(school.ListCirculars)
	count := school.May(school.CountReceipts)
	prepare := school.For(append(append([]school.Role{}, write.Roles...), sign.Roles...)...)
	read, see := school.May(school.ReadCirculars), school.May(school.SeeArrivals)
	names := school.May(school.SeeReceipts)
	officeReads := []string{"circulars", "circulars.drafts", "circulars.receipts", "circulars.replies", "org.units", "contacts"}
	schoolReads := []string{"circulars", "circulars.arrivals", school.Readings.Name(), "circulars.forwards", "circulars.receipts", "circulars.replies", "classes", "org.units", store.ProgressName, store.BlobsName}
	return appliance.Module{
		Name: "circulars", Files: files, Collections: Collections(),
		Jobs:     []appliance.Job{arrivalsJob, readdressJob, recountJob},
		Commands: []appliance.Command{{Name: "export circulars", Run: exportCommand}},
		Nav:      []web.NavItem{{Key: "circulars.nav", Href: "/circulars", Access: read}},
		OfficeNav: []web.NavItem{
			{Key: "circulars.nav", Href: "/circulars", Access: list},
		},
		Due: due, DueReads: append([]string{"circulars.drafts"}, schoolReads...),
		Holds: holds,
		Demo:  demo, DemoAfter: []string{"ministry"},
		OfficePages: []web.Route{
			{Path: "/circulars", Access: list, Reads: officeReads, Handle: officeList},
			{Path: "/circulars/new", Access: write, Handle: newDraft},
			{Method: "POST", Path: "/circulars/new", Access: write, MaxBody: maxAnnexes, Handle: saveDraft},
			{Path: "/circulars/drafts/{id}", Access: write, Handle: editDraft},
			{Method: "POST", Path: "/circulars/drafts/{id}", Access: write, MaxBody: maxAnnexes, Handle: saveDraft},
			{Path: "/circulars/drafts/{id}/sign", Access: sign, Handle: confirmSign},
			{Method: "POST", Path: "/circulars/drafts/{id}/sign", Access: sign, Handle: doSign},
			{Method: "POST", Path: "/circulars/drafts/{id}/return", Access: sign, Handle: giveBack},
			{Path: "/circulars/drafts/{id}/delete", Access: write, Handle: confirmDelete},
			{Method: "POST", Path: "/circulars/drafts/{id}/delete", Access: write, Handle: deleteDraft},
			{Path: "/circulars/drafts/{id}/annexes/{n}", Access: prepare, Handle: draftAnnex},
			{Path: "/circulars/{id}", Access: list, Reads: officeReads, Handle: officeShow},
			{Method: "POST", Path: "/circulars/{id}/successor", Access: write, Handle: succeed},
			{Path: "/circulars/{id}/receipts", Access: count, Reads: officeReads, Handle: officeReceipts},
			{Path: "/circulars/{id}/replies", Access: list, Reads: officeReads, Handle: officeReplies},
			{Path: "/circulars/replies/{id}/file", Access: list, Handle: replyFile},
			{Path: "/circulars/{id}/annexes/{n}", Access: list, Handle: officeAnnex},
		},
		Pages: []web.Route{
			{Path: "/circulars", Access: read, Reads: schoolReads, Handle: schoolList},
			{Path: "/circulars/{id}", Access: read, Reads: schoolReads, Handle: schoolShow},
			{Method: "POST", Path: "/circulars/{id}/read", Access: school.May(school.Acknowledge), Handle: doAcknowledge},
			{Path: "/circulars/{id}/annexes/{n}", Access: read, Handle: schoolAnnex},
			{Path: "/circulars/{id}/forward", Access: school.May(school.ForwardCirculars), Handle: forwardForm},
			{Method: "POST", Path: "/circulars/{id}/forward", Access: school.May(school.ForwardCirculars), Handle: doForward},
			{Path: "/circulars/{id}/readers", Access: names, Reads: schoolReads, Handle: showReaders},
			{Path: "/circulars/{id}/sheet", Access: names, Handle: sheetPage},
			{Method: "POST", Path: "/circulars/{id}/sheet", Access: school.May(school.TickReceipts), Handle: doTick},
			{Path: "/circulars/{id}/reply", Access: school.May(school.AnswerOffice), Handle: replyForm},
			{Method: "POST", Path: "/circulars/{id}/reply", Access: school.May(school.AnswerOffice), MaxBody: maxAnnexes, Handle: doReply},
			{Path: "/circulars/{id}/reply/file", Access: see, Handle: ownReplyFile},
		},
		API: endpoints(),
	}
}
