package people

import (
	"net/http"
	"slices"

	"preau/modules/people/portrait"
	"preau/school"
	"preau/school/sheet"
	"preau/web"
)

// formRoom is what a form takes beside its file.
const formRoom = 256 << 10

func pages() []web.Route {
	see := school.May(school.SeePeople)
	bring := school.May(school.ImportPeople)
	change := school.May(school.ChangePeople)
	years := school.For(school.Head, school.Deputy)
	accounts := school.May(school.ChangeStaff)
	assigns := school.May(school.AssignTeachers)
	staff := school.For(school.Head, school.Deputy, school.Supervisor, school.Secretary, school.Technician)
	reset := school.For(school.Head, school.Technician)
	class := school.For(school.Head, school.Deputy, school.Supervisor, school.Secretary, school.Teacher)
	post := http.MethodPost
	return []web.Route{
		{Path: "/people", Access: see, Reads: []string{"classes"}, Handle: showClasses},
		{Path: "/people/new", Access: change, Handle: showNew},
		{Method: post, Path: "/people/new", Access: change, Handle: addPerson},
		{Path: "/people/duplicates", Access: change, Reads: []string{"classes"}, Handle: showAlike},
		{Path: "/people/{id}", Access: class, Handle: showPerson},
		{Path: "/people/{id}/edit", Access: change, Handle: showEdit},
		{Method: post, Path: "/people/{id}/edit", Access: change, Handle: savePerson},
		{Method: post, Path: "/people/{id}/undo", Access: change, Handle: undoChange},
		{Path: "/people/{id}/leave", Access: change, Handle: showLeave},
		{Method: post, Path: "/people/{id}/leave", Access: change, Handle: leave},
		{Method: post, Path: "/people/{id}/return", Access: change, Handle: comeBack},
		{Path: "/people/{id}/close", Access: accounts, Handle: showClose},
		{Method: post, Path: "/people/{id}/close", Access: accounts, Handle: closeAccount},
		{Path: "/people/{id}/photo", Access: class, Handle: sendPhoto},
		{Path: "/people/{id}/photo/new", Access: change, Handle: showPhoto},
		{Method: post, Path: "/people/{id}/photo", Access: change, MaxBody: portrait.MaxBytes + formRoom, Handle: savePhoto},
		{Method: post, Path: "/people/{id}/photo/drop", Access: change, Handle: dropPhoto},
		{Path: "/people/classes/{id}/teachers", Access: assigns, Handle: showAssign},
		{Method: post, Path: "/people/classes/{id}/teachers", Access: assigns, Handle: saveAssign},
		{Path: "/people/mine", Access: school.For(school.Teacher), Reads: []string{"classes", "assignments"}, Handle: showMine},
		{Path: "/people/staff", Access: staff, Reads: []string{"assignments", "classes"}, Handle: showStaff},
		{Path: "/people/classes/{id}", Access: class, Reads: []string{"classes", "assignments"}, Handle: showClass},
		{Path: "/people/staff/{id}/access", Access: reset, Handle: showAccess},
		{Method: post, Path: "/people/staff/{id}/access", Access: reset, Handle: giveAccess},

		{Path: "/people/classes/{id}/photos", Access: class, Handle: showFaces},
		{Path: "/people/classes/{id}/labels", Access: class, Handle: showLabels},
		{Path: "/people/photos", Access: change, Handle: showPhotos},
		{Method: post, Path: "/people/photos", Access: change, MaxBody: zipBytes + formRoom, Handle: savePhotos},

		{Path: "/admin/year", Access: years, Handle: showYear},
		{Method: post, Path: "/admin/year", Access: years, MaxBody: sheet.MaxBytes + formRoom, Handle: sendYearList},
		{Method: post, Path: "/admin/year/classes", Access: years, Handle: makeNextYear},
		{Method: post, Path: "/admin/year/class", Access: years, Handle: addClass},
		{Path: "/admin/year/decisions.csv", Access: years, Handle: sendYearForm},
		{Path: "/admin/year/{id}", Access: years, Handle: showYearList},
		{Method: post, Path: "/admin/year/{id}", Access: years, Handle: applyYear},
		{Path: "/admin/year/{id}/undo", Access: years, Handle: askYearUndo},
		{Method: post, Path: "/admin/year/{id}/undo", Access: years, Handle: undoYear},

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
	b.Named = slices.Contains(kv, any("name"))
	for i := range b.Nav {
		b.Nav[i].Current = b.Nav[i].Href == "/people"
	}
	return b
}

func endpoints() []web.Endpoint {
	return []web.Endpoint{{
		Path: "/people", At: []web.Kind{web.Box}, Access: school.For(school.Head, school.Deputy, school.Supervisor, school.Secretary, school.Teacher),
		Query: []string{"q", "kind", "left", "limit"}, Out: apiPeople{}, Handle: apiFind,
		Summary: "People by parts of their name in any order, accents apart, or by the beginning of a matricule. A teacher finds the pupils taught.",
	}}
}
