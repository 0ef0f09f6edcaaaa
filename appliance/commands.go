package appliance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"preau/school"
	"preau/store"
	boxsync "preau/sync"
	"preau/web"
)

// siteCommands are those that every site has.
var siteCommands = []Command{
	{Name: "init", Run: initCommand},
	{Name: "enrol", At: []web.Kind{web.Box}, Run: enrolCommand},
	{Name: "sync", At: []web.Kind{web.Box}, Run: syncCommand},
	{Name: "backup", Run: backupCommand},
	{Name: "bundle export", Run: exportBundles},
	{Name: "bundle written", Run: bundlesWritten},
	{Name: "bundle import", Run: importBundle},
	{Name: "token", Run: tokenCommand},
}

// enrolCommand: the code as argument, the office's HOST:PORT as flag "office".
func enrolCommand(ctx context.Context, r *Running, call Call) (int, error) {
	if len(call.Args) != 1 {
		return Usage, errors.New("enrol takes one code")
	}
	addr := call.Flags["office"]
	if addr == "" {
		addr = r.Config.Office.Address
	}
	if addr == "" {
		return Usage, errors.New("say where the office is: --office HOST:PORT")
	}
	e, err := Enrol(ctx, r, addr, call.Args[0])
	if no := enrolRefusal(err, addr); no != nil {
		if errors.Is(err, boxsync.ErrCode) || errors.Is(err, boxsync.ErrImpostor) {
			return Refused, no
		}
		return Failed, no
	}
	if err != nil {
		return Failed, err
	}
	if call.JSON {
		return Done, json.NewEncoder(call.Stdout).Encode(map[string]any{"school": e.School, "office": addr})
	}
	fmt.Fprintf(call.Stdout, "enrolled: %s (%s)\n", e.School.Name, e.School.Code)
	return Done, nil
}

// syncCommand makes one attempt and prints its Report.
func syncCommand(ctx context.Context, r *Running, call Call) (int, error) {
	if _, err := r.seal(ctx); err != nil {
		return Failed, err
	}
	rep, err := r.once(ctx)
	exit := Done
	if err != nil {
		exit = Failed
	}
	if call.JSON {
		if rep.Steps == nil {
			rep.Steps = []boxsync.Step{}
		}
		return exit, json.NewEncoder(call.Stdout).Encode(rep)
	}
	var steps []string
	for _, s := range rep.Steps {
		if s.N > 0 {
			steps = append(steps, fmt.Sprintf("%s %d", s.Name, s.N))
		} else {
			steps = append(steps, s.Name)
		}
	}
	if len(steps) > 0 {
		fmt.Fprintf(call.Stdout, "%s; %d bytes up, %d down\n", strings.Join(steps, " · "), rep.Up, rep.Down)
	}
	if err != nil {
		if errors.Is(err, boxsync.ErrNotEnrolled) {
			return exit, errors.New("this box is not enrolled yet: preau enrol --office HOST:PORT CODE")
		}
		return exit, fmt.Errorf("stopped at %q: %w", rep.Stage, err)
	}
	return exit, nil
}

const defaultTokenDays = 90

// tokenCommand prints a bearer token that acts as the person of flag "login".
func tokenCommand(_ context.Context, r *Running, call Call) (int, error) {
	days := defaultTokenDays
	if d := call.Flags["days"]; d != "" {
		n, err := strconv.Atoi(d)
		if err != nil || n < 1 || n > 3650 {
			return Usage, errors.New("--days takes a number from 1 to 3650")
		}
		days = n
	}
	var token string
	err := r.DB.Update(func(tx *store.Tx) error {
		p, err := school.Roster.ByLogin(tx, call.Flags["login"])
		if err != nil {
			return err
		}
		token, err = web.IssueToken(tx, p.ID, days)
		return err
	})
	if errors.Is(err, school.ErrNobody) {
		return Refused, fmt.Errorf("nobody here signs in as %q", call.Flags["login"])
	}
	if err != nil {
		return Failed, err
	}
	if call.JSON {
		return Done, json.NewEncoder(call.Stdout).Encode(map[string]any{"token": token, "days": days})
	}
	fmt.Fprintln(call.Stdout, token)
	return Done, nil
}
