package packs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"preau/appliance"
	"preau/school"
	"preau/school/org"
	"preau/school/packs"
	"preau/school/seal"
	"preau/store"
)

// signCommand signs the pack on standard input with the office's key and writes it,
// in one file, to standard output.
func signCommand(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	keys, err := seal.OpenKeys(filepath.Join(r.DB.Dir(), "keys"))
	if err != nil {
		return appliance.Failed, err
	}
	data, err := io.ReadAll(io.LimitReader(call.Stdin, packs.MaxCarried+1))
	if err != nil {
		return appliance.Failed, err
	}
	given, _, err := packs.Unpack(data)
	if err != nil {
		return appliance.Refused, err
	}
	var site school.SiteInfo
	var today string
	if err := r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); today = org.Today(tx); return err }); err != nil {
		return appliance.Failed, err
	}
	out, err := sign(given, keys, site.Name, today)
	if err != nil {
		return appliance.Refused, err
	}
	_, err = io.Copy(call.Stdout, bytes.NewReader(out))
	return appliance.ExitOf(appliance.Done, err), err
}

// sign packs the files into one, with the signature of the office's key in use.
func sign(given packs.Files, keys *seal.Keys, office, today string) ([]byte, error) {
	p, err := given.Pack()
	if err != nil {
		return nil, err
	}
	h := given.Header(p)
	h.Date, h.Issuer, h.Signatory = today, office, office
	signed, err := keys.Sign(h)
	if err != nil {
		return nil, err
	}
	return given.Carry(signed)
}

// sendCommand sends the signed pack on standard input to every school.
func sendCommand(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	data, err := io.ReadAll(io.LimitReader(call.Stdin, packs.MaxCarried+1))
	if err != nil {
		return appliance.Failed, err
	}
	var id store.ID
	n := 0
	err = r.DB.Update(func(tx *store.Tx) (err error) { id, n, err = send(tx, school.Actor{}, data); return err })
	if err != nil {
		return appliance.Refused, err
	}
	if call.JSON {
		return appliance.Done, json.NewEncoder(call.Stdout).Encode(map[string]any{"id": id.String(), "schools": n})
	}
	fmt.Fprintf(call.Stdout, "sent to %d schools\n", n)
	return appliance.Done, nil
}

// verifyCommand tells whether this site's office has signed the pack on standard
// input.
func verifyCommand(_ context.Context, r *appliance.Running, call appliance.Call) (int, error) {
	data, err := io.ReadAll(io.LimitReader(call.Stdin, packs.MaxCarried+1))
	if err != nil {
		return appliance.Failed, err
	}
	var o opened
	err = r.DB.View(func(tx *store.Tx) error {
		site, err := school.Site(tx)
		if err != nil {
			return err
		}
		list, err := seal.Current(tx, site.Root)
		if err != nil {
			return err
		}
		o, err = open(data, list)
		return err
	})
	if err != nil {
		return appliance.Refused, err
	}
	if call.JSON {
		return appliance.Done, json.NewEncoder(call.Stdout).Encode(map[string]any{"reference": o.header.Reference, "issuer": o.header.Issuer, "date": o.header.Date})
	}
	fmt.Fprintf(call.Stdout, "%s: signed by %s on %s\n", o.header.Reference, o.header.Issuer, o.header.Date)
	return appliance.Done, nil
}
