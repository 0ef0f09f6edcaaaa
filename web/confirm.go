package web

import (
	"errors"

	"preau/school"
)

// ConfirmSecret asks whether the person at the screen is the one who signed in, by
// the secret typed again: before what cannot be undone. A wrong one is refused at
// the field "secret", and counts as a try to sign in.
func (c *Ctx) ConfirmSecret(secret string) error {
	if secret == "" {
		return school.Refuse("web.refused.secret_missing", "secret")
	}
	who, _, err := school.CheckSecret(c.Request().Context(), c.DB(), c.Person().Login, secret, c.Device())
	var no *school.Refusal
	if errors.As(err, &no) && no.Key == "signin.refused.wrong" || err == nil && who.ID != c.Actor().ID {
		return school.Refuse("web.refused.secret_again", "secret")
	}
	return err
}
