package people

import (
	"net/http"

	"preau/school"
	"preau/school/sheet"
	"preau/web"
)

// formRoom is what a form takes beside its file.
const formRoom = 256 << 10

func pages() []web.Route {
	see := school.May(school.SeePeople)
	bring := school.May(school.ImportPeople)
	staff := school.For(school.Head, school.Deputy, school.Supervisor, school.Secretary, school.Technician)
	reset := school.For(school.Head, school.Technician)
	class := school.For(school.Head, school.Deputy, school.Supervisor, school.Secretary, school.Teacher)
	post := http.MethodPost
	return []web.Route{
		{Path: "/people", Access: see, Reads: []string{"classes"}, Handle: showClasses},
		{Path: "/people/mine", Access: school.For(school.Teacher), Reads: []string{"classes", "assignments"}, Handle: showMine},
		{Path: "/people/staff", Access: staff, Reads: []string{"assignments", "classes"}, Handle: showStaff},
		{Path: "/people/classes/{id}", Access: class, Reads: []string{"classes", "assignments"}, Handle: showClass},
		{Path: "/people/staff/{id}/access", Access: reset, Handle: showAccess},
		{Method: post, Path: "/people/staff/{id}/access", Access: reset, Handle: giveAccess},

		{Path: "/admin/import", Access: bring, Handle: showImports},
		{Method: post, Path: "/admin/import", Access: bring, MaxBody: sheet.MaxBytes + formRoom, Handle: sendList},
		{Path: "/admin/import/{id}", Access: bring, Handle: showImport},
		{Method: post, Path: "/admin/import/{id}", Access: bring, Handle: confirmImport},
		{Path: "/admin/import/{id}/columns", Access: bring, Handle: showColumns},
		{Method: post, Path: "/admin/import/{id}/columns", Access: bring, Handle: saveColumns},
		{Method: post, Path: "/admin/import/{id}/drop", Access: bring, Handle: dropImport},
		{Method: post, Path: "/admin/import/{id}/undo", Access: bring, Handle: undoImport},
	}
}

// base is c.Base with the roster's word of the navigation marked: the import
// stands at another address.
func base(c *web.Ctx, title string, kv ...any) web.Base {
	b := c.Base(title, kv...)
	for i := range b.Nav {
		b.Nav[i].Current = b.Nav[i].Href == "/people"
	}
	return b
}
