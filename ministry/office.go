package ministry

import (
	"embed"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/web"
)

//go:embed words
var files embed.FS

// Office is a site of kind office, made of the features and of the office's own
// module.
func Office(features []appliance.Module) appliance.Site {
	return appliance.Site{
		Kind: web.Office, Modules: append([]appliance.Module{Module()}, features...), Exchange: newExchange,
	}
}

// Module is the office's own pages, jobs and commands.
func Module() appliance.Module {
	see, change := school.May(school.SeeSchools), school.May(school.ChangeSchools)
	accounts, fleet := school.May(school.ChangeAccounts), school.May(school.SeeFleet)
	signing := school.May(school.ChangeSigningBy)
	tree := []string{org.Units.Name(), school.Contacts.Name(), "sync.peers", "sync.codes"}
	return appliance.Module{
		Name: "ministry", Files: files,
		OfficeNav: []web.NavItem{
			{Key: "ministry.nav.schools", Href: "/schools", Access: see},
			{Key: "ministry.nav.fleet", Href: "/fleet", Access: fleet},
			{Key: "ministry.nav.users", Href: "/users", Access: accounts},
		},
		OfficePages: []web.Route{
			{Path: "/schools", Access: see, Reads: tree, Handle: schoolList},
			{Path: "/schools/new", Access: change, Handle: schoolForm},
			{Method: "POST", Path: "/schools/new", Access: change, Handle: saveSchool},
			{Path: "/schools/{code}", Access: see, Reads: tree, Handle: showSchool},
			{Path: "/schools/{code}/edit", Access: change, Handle: schoolForm},
			{Method: "POST", Path: "/schools/{code}/edit", Access: change, Handle: saveSchool},
			{Path: "/schools/{code}/enrol", Access: change, Handle: enrolForm},
			{Method: "POST", Path: "/schools/{code}/enrol", Access: change, Handle: makeCode},
			{Path: "/schools/{code}/revoke", Access: change, Handle: confirmRevoke},
			{Method: "POST", Path: "/schools/{code}/revoke", Access: change, Handle: doRevoke},
			{Path: "/units", Access: see, Reads: tree, Handle: showTree},
			{Path: "/units/new", Access: change, Handle: unitForm},
			{Method: "POST", Path: "/units/new", Access: change, Handle: saveUnit},
			{Path: "/units/{code}/edit", Access: change, Handle: unitForm},
			{Method: "POST", Path: "/units/{code}/edit", Access: change, Handle: saveUnit},
			// What waits and what was heard changes with every session: always rendered.
			{Path: "/fleet", Access: fleet, Handle: fleetPage},
			{Path: "/fleet/export", Access: fleet, Handle: exportFleet},
			{Path: "/fleet/{code}", Access: fleet, Handle: boxPage},
			{Path: "/keys", Access: signing, Handle: showKeys},
			{Path: "/keys/rotate", Access: signing, Handle: rotateForm},
			{Method: "POST", Path: "/keys/rotate", Access: signing, Handle: doRotate},
			{Path: "/keys/{id}/revoke", Access: signing, Handle: revokeKeyForm},
			{Method: "POST", Path: "/keys/{id}/revoke", Access: signing, Handle: doRevokeKey},
			{Path: "/users", Access: accounts, Reads: []string{school.People.Name(), org.Units.Name()}, Handle: userList},
			{Path: "/users/new", Access: accounts, Handle: userForm},
			{Method: "POST", Path: "/users/new", Access: accounts, Handle: addUser},
			{Path: "/users/{id}", Access: accounts, Handle: showUser},
			{Path: "/users/{id}/edit", Access: accounts, Handle: editUser},
			{Method: "POST", Path: "/users/{id}/edit", Access: accounts, Handle: saveUser},
			{Method: "POST", Path: "/users/{id}/reset", Access: accounts, Handle: resetUser},
			{Path: "/users/{id}/close", Access: accounts, Handle: confirmClose},
			{Method: "POST", Path: "/users/{id}/close", Access: accounts, Handle: closeUser},
		},
		API: []web.Endpoint{{
			Method: "POST", Path: "/enrolments", At: []web.Kind{web.Office}, Access: change, In: enrolmentIn{}, Out: enrolmentOut{}, Status: 201,
			Handle: apiEnrol, Summary: "Make the enrolment code of a school",
		}},
		Jobs:     []appliance.Job{publishJob, escrowJob},
		Commands: []appliance.Command{{Name: "import schools", At: []web.Kind{web.Office}, Run: importSchools}},
		Demo:     demo,
		Figures:  figures,
	}
}
