// Package all lists the modules that a site is made of. The list is generated:
// a new feature is a new folder under modules and make generate.
package all

//go:generate go run ./generate
