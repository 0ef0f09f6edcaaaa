package appliance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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

	Slug           string // "": made from the name
	Pack           string // code of the country pack; "": togo
	Language       string // "": the country pack's
	Surname, Given string // of the head; "": the login in capitals
	// Recovery is the public part of the recovery key; "" where it is to be made
	// later, and then backups need a recipient of their own.
	Recovery string
}

// Init makes a site in an empty folder: its record, its first account, its
// keys. It returns the recovery identity, which opens the site's backups; it is
// kept nowhere and must be printed for the person. A server that waits in the
// folder for its set-up makes the site, and then serves it.
func Init(ctx context.Context, cfg Config, modules []Module, o InitOptions) (recovery string, err error) {
	if err := checkInit(o); err != nil {
		return "", err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", fmt.Errorf("init: %w", err)
	}
	o.Recovery = identity.Recipient().String()
	given, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("init: %w", err)
	}
	var said strings.Builder
	exit, err := callServer(ctx, SocketPath(cfg.Data), "init", Call{Stdin: bytes.NewReader(given), Stderr: &said})
	switch {
	case errors.Is(err, errNoServer):
		err = initHere(ctx, cfg, modules, o)
	case err == nil && exit == Refused:
		err = notEmpty(cfg.Data)
	case err == nil && exit != Done:
		err = errors.New(strings.TrimSpace(strings.TrimPrefix(said.String(), "preau:")))
	}
	return identity.String(), err
}

func notEmpty(dir string) error {
	return school.Refuse("init.refused.not_empty", "data", "folder", dir)
}

// initHere makes the site of a folder that nobody holds. Without Head nobody can
// sign in yet.
func initHere(ctx context.Context, cfg Config, modules []Module, o InitOptions) error {
	if err := setAside(cfg.Data); err != nil {
		return err
	}
	r, err := Open(cfg, modules, nil, nil)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if r.Kind != "" {
		return errors.Join(notEmpty(cfg.Data), r.DB.Close())
	}
	_, err = r.makeSite(ctx, o, "")
	return errors.Join(err, r.DB.Close())
}

// initCommand is Init in a server that waits for its set-up.
func initCommand(ctx context.Context, r *Running, call Call) (int, error) {
	var o InitOptions
	if err := json.NewDecoder(call.Stdin).Decode(&o); err != nil {
		return Usage, err
	}
	if r.Kind != "" {
		return Refused, notEmpty(r.Dir)
	}
	if o.Kind != r.awaits {
		return Failed, fmt.Errorf("the server in %s waits to become a site of kind %s, not %s", r.Dir, r.awaits, o.Kind)
	}
	_, err := r.makeSite(ctx, o, "")
	return Done, err
}

// makeSite writes a site into a folder that holds none, in one commit: its
// record, the country's tree and years, its first account, and the step with
// which the set-up in the browser goes on ("" none).
func (r *Running) makeSite(ctx context.Context, o InitOptions, step string) (head school.Actor, err error) {
	pack, err := packs.Load(cmp.Or(o.Pack, "togo"))
	if err != nil {
		return head, err
	}
	var hash string
	if o.Head != "" {
		if hash, err = school.HashSecret(ctx, o.Secret); err != nil {
			return head, err
		}
	}
	if o.Slug == "" {
		o.Slug = Slug(o.Name)
	}
	if o.Language == "" {
		o.Language = pack.About.Language
	}
	err = r.DB.Update(func(tx *store.Tx) error {
		if _, err := school.Site(tx); !errors.Is(err, school.ErrNoSite) {
			return errors.Join(err, notEmpty(r.Dir))
		}
		err := school.SetSite(tx, school.SiteInfo{
			Kind: string(o.Kind), Code: strings.TrimSpace(o.Code), Name: strings.TrimSpace(o.Name), Slug: o.Slug,
			Language: o.Language, Recovery: o.Recovery, Pack: pack.About.Code,
		})
		if err != nil {
			return err
		}
		if o.Kind == web.Office { // who publishes addresses what is in the tree by a job
			_, err = org.Seed(tx, pack)
		}
		if err = errors.Join(err, pack.SeedYears(tx, "lycee"), stepTo(tx, step)); err != nil || o.Head == "" {
			return err
		}
		p := firstAccount(o)
		id, err := school.People.Add(tx, p)
		if err != nil {
			return err
		}
		head = school.Actor{ID: id, Name: p.Name(), Roles: p.Roles}
		return school.StoreSecret(tx, id, hash, false)
	})
	return head, err
}

func checkInit(o InitOptions) error {
	no := checkSite(o, "init")
	if o.Kind != web.Box && o.Kind != web.Office {
		no = append(no, school.Refuse("init.refused.kind", "kind"))
	}
	no = append(no, checkPack(o.Pack)...)
	return append(no, checkHead(o)...).Or()
}

// checkSite speaks of flags as "init", of fields as "setup".
func checkSite(o InitOptions, speaks string) (no school.Refusals) {
	if strings.TrimSpace(o.Name) == "" {
		no = append(no, school.Refuse(speaks+".refused.name", "name"))
	}
	if o.Kind == web.Box && strings.TrimSpace(o.Code) == "" {
		no = append(no, school.Refuse(speaks+".refused.code", "code"))
	}
	return no
}

// checkPack asks for a country pack of the program.
func checkPack(name string) (no school.Refusals) {
	if name != "" && !slices.Contains(packs.Names(), name) {
		no = append(no, school.Refuse("init.refused.pack", "pack", "value", name, "packs", strings.Join(packs.Names(), ", ")))
	}
	return no
}

func checkHead(o InitOptions) (no school.Refusals) {
	if r := school.CheckLogin(o.Head); r != nil {
		no = append(no, r)
	}
	if r := school.CheckPasswordQuality(o.Secret, o.Head); r != nil {
		no = append(no, r)
	}
	return no
}

// firstAccount is the person that a new site begins with: named like the login
// where nobody wrote the name.
func firstAccount(o InitOptions) school.Person {
	role := school.Head
	if o.Kind == web.Office {
		role = school.Operator
	}
	login := school.NormalizeLogin(o.Head)
	p := school.Person{Kind: school.Staff, Surname: o.Surname, Given: o.Given, Login: login, Roles: []school.Role{role}, Language: o.Language}
	if p.Surname == "" {
		p.Surname = strings.ToUpper(login)
	}
	return p
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
		s = s[:41]
		if cut := strings.LastIndexByte(s, '-'); cut > 0 { // no half words
			s = s[:cut]
		} else {
			s = s[:40]
		}
	}
	if s == "" {
		return "preau"
	}
	return s
}
