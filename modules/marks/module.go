package marks

import (
	"embed"
	"net/http"

	"preau/appliance"
	"preau/school"
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
		Collections: []store.Definition{evaluations, sheets, groups, closings, reopenings},
		Nav: []web.NavItem{
			{Key: "marks.nav", Href: "/marks", Access: staff()},
			{Key: "marks.nav.mine", Href: "/marks/mine", Access: school.For(school.Pupil)},
		},
	}
}

// staff may come in; which class and subject is asked in each handler.
func staff() school.Access { return school.For(school.Head, school.Deputy, school.Teacher) }

func pages() []web.Route {
	see, enter := staff(), school.May(school.EnterMarks)
	post := http.MethodPost
	term := []string{"classes", "assignments", "marks.evaluations", "marks.sheets", "marks.groups", "marks.closings", "marks.reopenings"}
	return []web.Route{
		{Path: "/marks", Access: see, Reads: term, Handle: showHome},
		{Path: "/marks/mine", Access: school.For(school.Pupil), Reads: term, Handle: showMine},
		{Path: "/marks/of/{class}/{subject}", Access: see, Reads: term, Handle: showNotebook},
		{Path: "/marks/of/{class}/{subject}/new", Access: enter, Reads: term, Handle: newEvaluation},
		{Method: post, Path: "/marks/of/{class}/{subject}/new", Access: enter, Reads: term, Handle: saveEvaluation},
		{Path: "/marks/why/{class}/{pupil}/{subject}", Access: school.For(school.Head, school.Deputy, school.Teacher, school.Pupil), Reads: term, Handle: showWhy},
		{Path: "/marks/sheets/{id}", Access: see, Reads: term, Handle: showSheet},
		{Method: post, Path: "/marks/sheets/{id}", Access: enter, Reads: term, Handle: saveSheet},
		{Method: post, Path: "/marks/sheets/{id}/rows", Access: enter, Reads: term, Handle: saveRow},
		{Path: "/marks/sheets/{id}/rows/{pupil}", Access: see, Reads: term, Handle: showRow},
		{Path: "/marks/sheets/{id}/blank", Access: see, Reads: term, Handle: showBlank},
		{Path: "/marks/sheets/{id}/edit", Access: enter, Reads: term, Handle: editEvaluation},
		{Method: post, Path: "/marks/sheets/{id}/edit", Access: enter, Reads: term, Handle: changeEvaluation},
		{Method: post, Path: "/marks/sheets/{id}/delete", Access: enter, Reads: term, Handle: deleteEvaluation},
	}
}
