// Package people is the roster as people use it: lists of pupils and staff read
// from whatever file a school has, always shown as a dry run first, applied in
// one transaction and undone in one click; the pages of staff, classes and
// class lists; the commands that add accounts and give one-time passwords.
//
// It promises that an import never deletes anybody and never empties a value
// because a cell is empty, that the same file twice changes nothing, and that
// an undo which would overwrite a later change is refused by name. It does not
// keep the roster itself: that is school's, and every other module's.
package people

import (
	"embed"

	"preau/appliance"
	"preau/modules/people/intake"
	"preau/school"
	"preau/store"
	"preau/web"
)

//go:embed words/*.json
var files embed.FS

// Module is the feature, for modules/all.
func Module() appliance.Module {
	box := []web.Kind{web.Box}
	return appliance.Module{
		Name: "people", Files: files,
		Pages: pages(), API: endpoints(),
		Nav: []web.NavItem{
			{Key: "people.nav", Href: "/people", Access: school.May(school.SeePeople)},
			{Key: "people.nav.mine", Href: "/people/mine", Access: school.For(school.Teacher)},
			{Key: "people.staff.title", Href: "/people/staff", Access: school.For(school.Technician)},
		},
		Due: due, DueReads: []string{"classes"},
		Collections: []store.Definition{intake.Imports, schoolings, yearLists},
		Holds:       holds,
		Demo:        demo,
		Commands: []appliance.Command{
			{Name: "import pupils", At: box, Run: importCommand(school.PupilKind)},
			{Name: "import staff", At: box, Run: importCommand(school.Staff)},
			{Name: "export people", Run: exportCommand},
			{Name: "user add", Run: userAddCommand},
			{Name: "passwd", Run: passwdCommand},
		},
	}
}

// due asks for the list of pupils while there is none.
func due(c *web.Ctx, tx *store.Tx) ([]web.Task, error) {
	if !school.May(school.ImportPeople).Allows(c.Actor()) {
		return nil, nil
	}
	n, err := school.People.Count(tx, "kind", string(school.PupilKind))
	if err != nil || n > 0 {
		return nil, err
	}
	return []web.Task{{Label: c.T("people.due.import"), Detail: c.T("people.due.import.detail"), Href: "/admin/import"}}, nil
}
