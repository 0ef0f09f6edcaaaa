package people

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"preau/appliance"
	"preau/modules/people/roll"
	"preau/school"
	"preau/store"
	"preau/web"
)

// userAddCommand adds an account: LOGIN as argument, flags "role", "name" and
// "matricule" (of somebody already on the roster), the secret on standard input.
func userAddCommand(ctx context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	if len(call.Args) != 1 {
		return appliance.Usage, errors.New("user add takes one LOGIN")
	}
	login := school.NormalizeLogin(call.Args[0])
	role := school.Role(strings.ToLower(strings.TrimSpace(call.Flags["role"])))
	if !slices.Contains(school.RolesAt(string(r.Kind)), role) || role == school.Pupil {
		return appliance.Usage, fmt.Errorf("no role %q here; there is %s", role, strings.Join(rolesHere(r.Kind), ", "))
	}
	secret, err := firstLine(call.Stdin)
	if err != nil {
		return appliance.Failed, err
	}
	no := school.CheckLogin(login)
	if no == nil {
		no = school.CheckPasswordQuality(secret, login)
	}
	if no != nil {
		return appliance.Refused, no
	}
	hash, err := school.HashSecret(ctx, secret)
	if err != nil {
		return appliance.Failed, err
	}
	surname, given := roll.SplitName(call.Flags["name"], false, nil)
	if surname == "" {
		surname = strings.ToUpper(login)
	}
	err = r.DB.Update(func(tx *store.Tx) error {
		id, err := account(tx, call.Flags["matricule"], login, role, surname, given)
		if err != nil {
			return err
		}
		if err := school.StoreSecret(tx, id, hash, false); err != nil {
			return err
		}
		return school.Audit(tx, school.Actor{}, "accounts.add", id, nil, map[string]string{"login": login, "role": string(role)})
	})
	if err != nil {
		return appliance.ExitOf(appliance.Done, err), err
	}
	if call.JSON {
		return appliance.Done, json.NewEncoder(call.Stdout).Encode(map[string]string{"login": login, "role": string(role)})
	}
	_, err = fmt.Fprintf(call.Stdout, "%s (%s)\n", login, role)
	return appliance.Done, err
}

func rolesHere(kind web.Kind) (names []string) {
	for _, r := range school.RolesAt(string(kind)) {
		if r != school.Pupil {
			names = append(names, string(r))
		}
	}
	return names
}

// account finds or makes the person who is to sign in.
func account(tx *store.Tx, matricule, login string, role school.Role, surname, given string) (id store.ID, err error) {
	if matricule != "" {
		rec, err := school.Roster.ByMatricule(tx, school.Staff, matricule)
		if errors.Is(err, school.ErrNobody) {
			return id, school.Refuse("people.refused.no_matricule", "matricule", "value", matricule)
		}
		if err != nil {
			return id, err
		}
		if rec.Value.Login != "" {
			return id, school.Refuse("people.refused.has_login", "login", "name", rec.Value.Name(), "value", rec.Value.Login)
		}
		rec.Value.Login = login
		if !slices.Contains(rec.Value.Roles, role) {
			rec.Value.Roles = append(rec.Value.Roles, role)
		}
		return rec.ID, taken(school.People.Set(tx, rec.ID, rec.Value), login)
	}
	p := school.Person{Kind: school.Staff, Surname: surname, Given: given, Login: login, Roles: []school.Role{role}}
	if err := school.CheckPerson(&p); err != nil {
		return id, err
	}
	id, err = school.People.Add(tx, p)
	return id, taken(err, login)
}

func taken(err error, login string) error {
	var clash *store.UniqueError
	if errors.As(err, &clash) {
		return school.Refuse("people.refused.login_taken", "login", "value", login)
	}
	return err
}

// passwdCommand prints a one-time password for the account LOGIN and ends its
// sessions.
func passwdCommand(ctx context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	if len(call.Args) != 1 {
		return appliance.Usage, errors.New("passwd takes one LOGIN")
	}
	secret := school.OneTimeSecret()
	hash, err := school.HashSecret(ctx, secret)
	if err != nil {
		return appliance.Failed, err
	}
	err = r.DB.Update(func(tx *store.Tx) error {
		rec, err := school.Roster.ByLogin(tx, call.Args[0])
		if err != nil {
			return err
		}
		return giveOneTime(tx, school.Actor{}, rec.ID, hash)
	})
	if errors.Is(err, school.ErrNobody) {
		return appliance.Refused, errors.Join(fmt.Errorf("nobody here signs in as %q", call.Args[0]), tellHeads(r.DB))
	}
	if err != nil {
		return appliance.Failed, err
	}
	if call.JSON {
		return appliance.Done, json.NewEncoder(call.Stdout).Encode(map[string]string{"login": call.Args[0], "secret": secret})
	}
	_, err = fmt.Fprintln(call.Stdout, secret)
	return appliance.Done, err
}

// tellHeads says how those sign in whom nobody in a browser can help, to who has
// the machine in hand: a head may have forgotten that as well.
func tellHeads(db *store.DB) error {
	var list []string
	err := db.View(func(tx *store.Tx) error {
		for p, err := range school.People.All(tx) {
			if err != nil {
				return err
			}
			if x := &p.Value; x.Login != "" && x.Left == "" && x.Is(school.Head, school.Operator, school.Signatory) {
				list = append(list, fmt.Sprintf("%s signs in as %q", x.Name(), x.Login))
			}
		}
		return nil
	})
	if err != nil || len(list) == 0 {
		return err
	}
	return errors.New(strings.Join(list, "; "))
}

// giveOneTime makes a hash the person's one-time secret and ends the sessions. It
// opens at once, however often the forgotten one was tried.
func giveOneTime(tx *store.Tx, who school.Actor, id store.ID, hash string) error {
	r, err := school.Roster.Person(tx, id)
	if err != nil {
		return err
	}
	if err := school.ForgetThrottles(tx, r.Value.Login); err != nil {
		return err
	}
	if err := school.StoreSecret(tx, id, hash, true); err != nil {
		return err
	}
	if err := web.EndSessions(tx, id, nil); err != nil {
		return err
	}
	return school.Audit(tx, who, "accounts.one_time", id, nil, nil)
}

func firstLine(r io.Reader) (string, error) {
	if r == nil {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the secret from standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
