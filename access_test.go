package main

import (
	"testing"

	"preau/appliance"
	"preau/ministry"
	"preau/modules/all"
	"preau/school"
	"preau/store"
	"preau/web"
	"preau/web/webtest"
)

// TestWhoMayEnterWhere asks every route of both kinds of site, as every role and
// signed out, and compares with the tables in testdata.
func TestWhoMayEnterWhere(t *testing.T) {
	for _, kind := range []web.Kind{web.Box, web.Office} {
		t.Run(string(kind), func(t *testing.T) {
			modules := ministry.Office(all.Modules()).Modules
			pages := (&appliance.Running{Kind: kind, Dir: t.TempDir(), Modules: modules}).Pages()
			site := webtest.New(t, webtest.Setup{
				Kind: kind, Routes: pages.Routes, API: pages.API, Nav: pages.Nav, Words: pages.Words,
				Collections: more(modules), Loose: true,
			})
			site.Walker().Walk(t, "testdata/access-"+string(kind)+".txt")
		})
	}
}

// more are the collections that the test's site does not bring itself.
func more(modules []appliance.Module) (defs []store.Definition) {
	own := map[string]bool{}
	for _, list := range [][]store.Definition{school.Collections(), web.Collections()} {
		for _, d := range list {
			own[d.Name()] = true
		}
	}
	for _, d := range appliance.Definitions(modules) {
		if !own[d.Name()] {
			defs = append(defs, d)
		}
	}
	return defs
}
