package web

import (
	"context"
	"net/http"
	"time"

	"preau/school"
	"preau/store"
)

type probeKey struct{}

// StatusAdmitted answers a probe that would have been let in.
const StatusAdmitted = 299

// Probe marks a request as a question: may this person enter here? The server
// goes as far as the permission and answers StatusAdmitted instead of calling
// the handler. It cannot be asked over the network; tests walk every route with it.
func Probe(ctx context.Context) context.Context { return context.WithValue(ctx, probeKey{}, true) }

func probed(r *http.Request) bool { return r.Context().Value(probeKey{}) != nil }

// OpenSession signs a person in without a secret and returns the cookie. It is
// for tests and benchmarks, which hold the store anyway.
func (s *Server) OpenSession(person store.ID, own bool) (*http.Cookie, error) {
	secret := newSecret()
	err := s.o.DB.Update(func(tx *store.Tx) error {
		if _, err := school.People.Get(tx, person); err != nil {
			return err
		}
		now, _ := tx.Now()
		id, err := sessions.Add(tx, sessionRecord{Hash: hashOf(secret), Person: person, Own: own, Made: now})
		if err != nil {
			return err
		}
		_, err = seen.Add(tx, seenRecord{Session: id, At: now})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &http.Cookie{Name: s.cookie, Value: secret, Path: "/", MaxAge: int(ownIdle / time.Second)}, nil
}
