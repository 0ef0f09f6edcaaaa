package appliance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/store"
	"preau/web"
)

// InitOptions describe a new site.
type InitOptions struct {
	Kind   web.Kind
	Name   string // as the header shows it
	Code   string // the ministry's code of the school; at an office its own label
	Head   string // login of the head; at an office, of the operator
	Secret string // the head's password
	Slug   string // "": made from the name
}

// Init makes a site in an empty folder: its record, its first account, its
// keys. It returns the recovery identity, which opens the site's backups; it is
// kept nowhere and must be printed for the person.
func Init(ctx context.Context, cfg Config, modules []Module, o InitOptions) (recovery string, err error) {
	if err := checkInit(o); err != nil {
		return "", err
	}
	return makeSite(ctx, cfg, modules, o)
}

// makeSite is Init; without Head nobody can sign in yet.
func makeSite(ctx context.Context, cfg Config, modules []Module, o InitOptions) (recovery string, err error) {
	if err := setAside(cfg.Data); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, store.FileName)); err == nil {
		return "", school.Refuse("init.refused.not_empty", "data", "folder", cfg.Data)
	}
	pack, err := packs.Load("togo")
	if err != nil {
		return "", err
	}
	var hash string
	if o.Head != "" {
		if hash, err = school.HashSecret(ctx, o.Secret); err != nil {
			return "", err
		}
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("init: %w", err)
	}
	r, err := Open(cfg, modules, nil, nil)
	if err != nil {
		return "", fmt.Errorf("init: %w", err)
	}
	if o.Slug == "" {
		o.Slug = Slug(o.Name)
	}
	err = r.DB.Update(func(tx *store.Tx) error {
		err := school.SetSite(tx, school.SiteInfo{
			Kind: string(o.Kind), Code: strings.TrimSpace(o.Code), Name: strings.TrimSpace(o.Name), Slug: o.Slug,
			Language: pack.About.Language, Recovery: identity.Recipient().String(), Pack: pack.About.Code,
		})
		if err != nil {
			return err
		}
		if o.Kind == web.Office { // who publishes addresses what is in the tree by a job
			_, err = org.Seed(tx, pack)
		}
		if err = errors.Join(err, pack.SeedYears(tx, "lycee")); err != nil || o.Head == "" {
			return err
		}
		id, err := school.People.Add(tx, firstAccount(o))
		if err != nil {
			return err
		}
		return school.StoreSecret(tx, id, hash, false)
	})
	return identity.String(), errors.Join(err, r.DB.Close())
}

func checkInit(o InitOptions) error {
	var no school.Refusals
	if strings.TrimSpace(o.Name) == "" {
		no = append(no, school.Refuse("init.refused.name", "name"))
	}
	if o.Kind != web.Box && o.Kind != web.Office {
		no = append(no, school.Refuse("init.refused.kind", "kind"))
	}
	if o.Kind == web.Box && strings.TrimSpace(o.Code) == "" {
		no = append(no, school.Refuse("init.refused.code", "code"))
	}
	if r := school.CheckLogin(o.Head); r != nil {
		no = append(no, r)
	}
	if r := school.CheckPasswordQuality(o.Secret, o.Head); r != nil {
		no = append(no, r)
	}
	return no.Or()
}

// firstAccount is the person that a new site begins with: named like the login
// until somebody writes the name.
func firstAccount(o InitOptions) school.Person {
	role := school.Head
	if o.Kind == web.Office {
		role = school.Operator
	}
	login := school.NormalizeLogin(o.Head)
	return school.Person{Kind: school.Staff, Surname: strings.ToUpper(login), Login: login, Roles: []school.Role{role}}
}

// Slug is a site's name as machines write it: small letters, digits and single
// hyphens, at most 40, so that <slug>.local can be said aloud. A name of which
// nothing is left becomes "preau".
func Slug(name string) string {
	var b strings.Builder
	for _, r := range school.Fold(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := strings.Trim(b.String(), "-")
	if len(s) > 40 {
		s = strings.Trim(s[:40], "-")
	}
	if s == "" {
		return "preau"
	}
	return s
}
