package marks

import (
	"embed"
	"net/http"
	"time"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	booksheet "preau/school/sheet"
	"preau/store"
	"preau/web"
)

//go:embed words/*.json
var files embed.FS

// Module is the feature, for modules/all.
func Module() appliance.Module {
	return appliance.Module{
		Name: "marks", Files: files,
		Pages:       pages(),
		Jobs:        []appliance.Job{pressJob},
		Collections: []store.Definition{evaluations, sheets, groups, closings, reopenings, verdicts, remarkSheets, bulletins, outcomes, appeals, presses, exams},
		OfficePages: []web.Route{
			{Path: "/results", Access: school.May(school.SeeResults), Reads: []string{outcomes.Name(), org.Units.Name(), school.Contacts.Name()}, Every: time.Hour, Handle: showReturns},
		},
		OfficeNav: []web.NavItem{{Key: "marks.nav.returns", Href: "/results", Access: school.May(school.SeeResults)}},
		Holds:     holds,
		Demo:      demo, DemoAfter: []string{"people"},
		Nav: []web.NavItem{
			{Key: "marks.nav", Href: "/marks", Access: staff()},
			{Key: "marks.nav.mine", Href: "/marks/mine", Access: school.For(school.Pupil)},
		},
	}
}

// staff may come in; which class and subject is asked in each handler.
func staff() school.Access { return school.For(school.Head, school.Deputy, school.Teacher) }

// formRoom is what a form takes beside its file.
const formRoom = 256 << 10

func pages() []web.Route {
	see, enter := staff(), school.May(school.EnterMarks)
	post := http.MethodPost
	term := []string{"classes", "assignments", "marks.evaluations", "marks.sheets", "marks.groups", "marks.closings", "marks.reopenings", "marks.bulletins"}
	said := append([]string{"marks.remarks"}, term...)
	return append(classRoutes(), []web.Route{
		{Path: "/marks", Access: see, Reads: term, Handle: showHome},
		{Path: "/marks/mine", Access: school.For(school.Pupil), Reads: term, Handle: showMine},
		{Path: "/marks/board", Access: school.May(school.SeeMarks), Reads: term, Handle: showBoard},
		{Method: post, Path: "/marks/board/closing", Access: school.May(school.CloseMarks), Reads: term, Handle: setClosing},
		{Path: "/marks/board/reopen/{class}/{subject}", Access: school.May(school.CloseMarks), Reads: term, Handle: showReopen},
		{Method: post, Path: "/marks/board/reopen/{class}/{subject}", Access: school.May(school.CloseMarks), Reads: term, Handle: saveReopen},
		{Path: "/marks/of/{class}/{subject}", Access: see, Reads: said, Handle: showNotebook},
		{Path: "/marks/of/{class}/{subject}/new", Access: enter, Reads: term, Handle: newEvaluation},
		{Method: post, Path: "/marks/of/{class}/{subject}/new", Access: enter, Reads: term, Handle: saveEvaluation},
		{Path: "/marks/of/{class}/{subject}/groups", Access: enter, Reads: term, Handle: showGroups},
		{Method: post, Path: "/marks/of/{class}/{subject}/groups", Access: enter, Reads: term, Handle: saveGroup},
		{Method: post, Path: "/marks/of/{class}/{subject}/groups/{id}/drop", Access: enter, Reads: term, Handle: dropGroup},
		{Path: "/marks/remarks/{class}/{subject}", Access: see, Reads: said, Handle: showRemarks},
		{Method: post, Path: "/marks/remarks/{class}/{subject}", Access: enter, Reads: said, Handle: saveRemarks},
		{Method: post, Path: "/marks/remarks/{class}/{subject}/rows", Access: enter, Reads: said, Handle: saveRemark},
		{Path: "/marks/remarks/{class}/{subject}/rows/{pupil}", Access: see, Reads: said, Handle: showRemark},
		{Path: "/marks/why/{class}/{pupil}/{subject}", Access: school.For(school.Head, school.Deputy, school.Teacher, school.Pupil), Reads: term, Handle: showWhy},
		{Path: "/marks/sheets/{id}", Access: see, Reads: term, Handle: showSheet},
		{Method: post, Path: "/marks/sheets/{id}", Access: enter, Reads: term, Handle: saveSheet},
		{Method: post, Path: "/marks/sheets/{id}/rows", Access: enter, Reads: term, Handle: saveRow},
		{Path: "/marks/sheets/{id}/rows/{pupil}", Access: see, Reads: term, Handle: showRow},
		{Path: "/marks/sheets/{id}/blank", Access: see, Reads: term, Handle: showBlank},
		{Path: "/marks/sheets/{id}/xlsx", Access: see, Reads: term, Handle: showBook},
		{Method: post, Path: "/marks/sheets/{id}/xlsx", Access: enter, Reads: term, MaxBody: booksheet.MaxBytes + formRoom, Handle: compareBook},
		{Path: "/marks/sheets/{id}/file", Access: see, Reads: term, Handle: downloadBook},
		{Path: "/marks/sheets/{id}/log", Access: see, Reads: append([]string{"audit"}, term...), Handle: showLog},
		{Path: "/marks/sheets/{id}/edit", Access: enter, Reads: term, Handle: editEvaluation},
		{Method: post, Path: "/marks/sheets/{id}/edit", Access: enter, Reads: term, Handle: changeEvaluation},
		{Method: post, Path: "/marks/sheets/{id}/delete", Access: enter, Reads: term, Handle: deleteEvaluation},
	}...)
}

// classRoutes are what a class as a whole comes to: results, council, bulletins.
func classRoutes() []web.Route {
	post := http.MethodPost
	see, hold, issue := staff(), school.May(school.HoldCouncil), school.May(school.IssueBulletins)
	own := school.For(school.Head, school.Deputy, school.Teacher, school.Pupil)
	return []web.Route{
		{Path: "/marks/results/{class}", Access: see, Handle: showResults},
		{Path: "/marks/ranks", Access: hold, Handle: showRanks},
		{Path: "/marks/failures", Access: hold, Handle: showFailures},
		{Path: "/marks/honours", Access: hold, Handle: showHonours},
		{Path: "/marks/exams", Access: hold, Handle: showExams},
		{Method: post, Path: "/marks/exams", Access: hold, MaxBody: booksheet.MaxBytes + formRoom, Handle: importExams},
		{Path: "/marks/exams/{class}", Access: hold, Handle: showExam},
		{Method: post, Path: "/marks/exams/{class}", Access: hold, Handle: saveExam},
		{Path: "/marks/pupils/{pupil}", Access: own, Handle: showLivret},
		{Path: "/marks/council/{class}", Access: hold, Handle: showCouncil},
		{Method: post, Path: "/marks/council/{class}", Access: hold, Handle: saveCouncil},
		{Path: "/marks/council/{class}/minutes", Access: see, Handle: showMinutes},
		{Path: "/marks/bulletins", Access: hold, Handle: showSchool},
		{Method: post, Path: "/marks/bulletins", Access: hold, Handle: printSchool},
		{Path: "/marks/presses/{id}", Access: hold, Handle: fetchSchool},
		{Path: "/marks/bulletins/{class}", Access: see, Handle: showBulletins},
		{Path: "/marks/bulletins/{class}/preview", Access: see, Handle: previewBulletins},
		{Path: "/marks/bulletins/{class}/print", Access: see, Handle: printBulletins},
		{Path: "/marks/bulletins/{class}/issue", Access: issue, Handle: confirmIssue},
		{Method: post, Path: "/marks/bulletins/{class}/issue", Access: issue, Handle: issueBulletins},
		{Path: "/marks/issued/{id}", Access: own, Handle: showIssued},
		{Path: "/marks/issued/{id}/duplicate", Access: see, Handle: printDuplicate},
		{Method: post, Path: "/marks/issued/{id}/appeal", Access: hold, Handle: writeAppeal},
		{Method: post, Path: "/marks/issued/{id}/decide", Access: hold, Handle: decideAppeal},
		{Method: post, Path: "/marks/issued/{id}/rectify", Access: issue, Handle: rectify},
	}
}
