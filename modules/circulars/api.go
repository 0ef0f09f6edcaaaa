package circulars

import (
	"errors"
	"strconv"
	"time"

	"preau/school"
	"preau/school/org"
	"preau/school/seal"
	"preau/store"
	"preau/web"
)

// What the API takes and gives; the shapes are a promise to others.
type (
	circularIn struct {
		Reference string       `json:"reference"`
		Subject   string       `json:"subject"`
		Body      string       `json:"body"`
		Urgency   string       `json:"urgency"` // normal or urgent
		Deadline  string       `json:"deadline"`
		Audience  org.Audience `json:"audience"`
	}
	idOut struct {
		ID string `json:"id"`
	}
	signedOut struct {
		ID   string `json:"id"`
		Code string `json:"code"`
	}
	receiptOut struct {
		Code         string           `json:"code"`
		Received     *time.Time       `json:"received"`
		Acknowledged *time.Time       `json:"acknowledged"`
		LastContact  *time.Time       `json:"last_contact"`
		Read         int              `json:"read"`
		Staff        int              `json:"staff"`
		ByRole       map[string]Count `json:"by_role"`
	}
	receiptsOut struct {
		Schools []receiptOut `json:"schools"`
	}
	acknowledgedOut struct {
		ID   string    `json:"id"`
		Name string    `json:"name"`
		Role string    `json:"role"`
		At   time.Time `json:"at"`
	}
	itemOut struct {
		ID        string    `json:"id"`
		Reference string    `json:"reference"`
		Subject   string    `json:"subject"`
		Urgency   string    `json:"urgency"`
		Signed    bool      `json:"signed"`
		State     string    `json:"state"`
		Since     time.Time `json:"since"`
	}
	listOut struct {
		Items []itemOut `json:"items"`
		Next  string    `json:"next"`
	}
	nothing struct{}
)

func endpoints() []web.Endpoint {
	office, box := []web.Kind{web.Office}, []web.Kind{web.Box}
	lists := school.For(append(append([]school.Role{}, school.May(school.ListCirculars).Roles...), school.May(school.ReadCirculars).Roles...)...)
	return []web.Endpoint{
		{Method: "POST", Path: "/circulars", At: office, Access: school.May(school.WriteCirculars), In: circularIn{}, Out: idOut{}, Status: 201, Handle: apiCreate, Summary: "Write a circular (a draft until it is signed)"},
		{Method: "POST", Path: "/circulars/{id}/sign", At: office, Access: school.May(school.SignCirculars), In: nothing{}, Out: signedOut{}, Handle: apiSign, Summary: "Sign and publish a draft"},
		{Method: "GET", Path: "/circulars/{id}/receipts", At: office, Access: school.May(school.CountReceipts), Out: receiptsOut{}, Handle: apiReceipts, Summary: "Who has received and read, per school"},
		{Method: "POST", Path: "/circulars/{id}/acknowledge", At: box, Access: school.May(school.Acknowledge), In: nothing{}, Out: acknowledgedOut{}, Handle: apiAcknowledge, Summary: "Acknowledge a circular as the token's person"},
		{Method: "GET", Path: "/circulars", Access: lists, Query: []string{"limit", "after"}, Out: listOut{}, Handle: apiList, Summary: "Circulars, newest first"},
	}
}

func apiCreate(c *web.Ctx) (any, error) {
	var in circularIn
	if err := c.In(&in); err != nil {
		return nil, err
	}
	d := Draft{
		Reference: in.Reference, Subject: in.Subject, Body: in.Body, Deadline: in.Deadline, Audience: in.Audience, Urgent: in.Urgency == "urgent",
		Kind: seal.Circular, Author: c.Actor().ID, AuthorIs: c.Actor().Name,
	}
	return c.Write(func(tx *store.Tx) (any, error) {
		if in.Urgency != "" && in.Urgency != "normal" && in.Urgency != "urgent" {
			return nil, school.Refuse("circulars.refused.urgency", "urgency", "value", in.Urgency)
		}
		if err := checkDraft(tx, &d); err != nil {
			return nil, err
		}
		id, err := drafts.Add(tx, d)
		return idOut{id.String()}, err
	})
}

func apiSign(c *web.Ctx) (any, error) {
	id, err := c.ID("id")
	if err != nil {
		return nil, err
	}
	if err := c.In(&nothing{}); err != nil {
		return nil, err
	}
	keys, err := officeKeys(c.DB())
	if err != nil {
		return nil, err
	}
	return c.Write(func(tx *store.Tx) (any, error) {
		cid, made, err := sign(tx, keys, id, c.Actor(), c.T(school.Signatory.WordKey()), c.Site())
		if errors.Is(err, store.ErrNotFound) {
			return nil, c.NotFound()
		}
		return signedOut{cid.String(), seal.PrintCode(made.Code)}, err
	})
}

func apiReceipts(c *web.Ctx) (any, error) {
	id, err := c.ID("id")
	if err != nil {
		return nil, err
	}
	out := receiptsOut{Schools: []receiptOut{}}
	err = c.View(func(tx *store.Tx) error {
		if _, err := circulars.Get(tx, id); err != nil {
			return c.NotFound()
		}
		list, err := schoolReceipts(c, tx, id)
		if err != nil {
			return err
		}
		for _, s := range list {
			o := receiptOut{Code: s.Code, LastContact: orNull(s.Contact), ByRole: map[string]Count{}}
			if r := s.Receipt; r != nil {
				o.Received, o.Acknowledged = orNull(r.Received), orNull(r.Acknowledged)
				o.Read, o.Staff = r.All.Read, r.All.Staff
				for role, n := range r.ByRole {
					o.ByRole[role] = n
				}
			}
			out.Schools = append(out.Schools, o)
		}
		return nil
	})
	return out, err
}

// orNull is a time to the millisecond, or nothing.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.Round(time.Millisecond)
	return &t
}

func apiAcknowledge(c *web.Ctx) (any, error) {
	id, err := c.ID("id")
	if err != nil {
		return nil, err
	}
	if err := c.In(&nothing{}); err != nil {
		return nil, err
	}
	return c.Write(func(tx *store.Tx) (any, error) {
		if _, _, err := mayRead(tx, id, c.Actor()); err != nil {
			return nil, missing(c, err)
		}
		me, err := school.People.Get(tx, c.Actor().ID)
		if err != nil {
			return nil, err
		}
		r, err := acknowledge(tx, id, me, "")
		return acknowledgedOut{id.String(), r.Name, string(r.Role), r.At.Round(time.Millisecond)}, err
	})
}

const apiMost = 500

func apiList(c *web.Ctx) (any, error) {
	limit := 50
	if l := c.Query("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 || n > apiMost {
			return nil, school.Refuse("circulars.refused.limit", "limit", "count", apiMost)
		}
		limit = n
	}
	var after store.ID
	if a := c.Query("after"); a != "" {
		var err error
		if after, err = store.ParseID(a); err != nil {
			return nil, school.Refuse("circulars.refused.after", "after")
		}
	}
	list := officeItems
	if c.Kind() == web.Box {
		list = schoolItems
	}
	out := listOut{Items: []itemOut{}}
	err := c.View(func(tx *store.Tx) error {
		all, err := list(c, tx)
		if err != nil {
			return err
		}
		skip := !after.IsZero()
		for _, it := range all {
			if skip {
				skip = it.ID != after.String()
				continue
			}
			if len(out.Items) == limit {
				out.Next = out.Items[limit-1].ID
				break
			}
			out.Items = append(out.Items, it)
		}
		return nil
	})
	return out, err
}

func urgency(u bool) string {
	if u {
		return "urgent"
	}
	return "normal"
}

// officeItems are the circulars, newest first, and for publishers the drafts.
func officeItems(c *web.Ctx, tx *store.Tx) (items []itemOut, err error) {
	if school.May(school.WriteCirculars).Allows(c.Actor()) || school.May(school.SignCirculars).Allows(c.Actor()) {
		for d, err := range drafts.Where(tx, "open", true) {
			if err != nil {
				return nil, err
			}
			items = append([]itemOut{{ID: d.ID.String(), Reference: d.Value.Reference, Subject: d.Value.Subject, Urgency: urgency(d.Value.Urgent), State: "draft", Since: d.Time}}, items...)
		}
	}
	for r, err := range circulars.Scan(tx, store.Query{Reverse: true}) {
		if err != nil {
			return nil, err
		}
		h, err := r.Value.Signed.Decode()
		if err != nil {
			return nil, err
		}
		it := itemOut{ID: r.ID.String(), Reference: h.Reference, Subject: h.Subject, Urgency: urgency(h.Urgent), Signed: true, Since: r.Time}
		var by store.ID
		if it.State, by, err = stateOf(tx, r.ID); err != nil {
			return nil, err
		}
		if !by.IsZero() {
			if b, err := circulars.Get(tx, by); err == nil {
				it.Since = b.Time
			}
		}
		items = append(items, it)
	}
	return items, nil
}

// schoolItems are the registered circulars that the person may read.
func schoolItems(c *web.Ctx, tx *store.Tx) (items []itemOut, err error) {
	me, err := school.People.Get(tx, c.Actor().ID)
	if err != nil {
		return nil, err
	}
	all := school.May(school.SeeArrivals).Allows(c.Actor())
	for a, err := range arrivals.Scan(tx, store.Query{Index: "number", Reverse: true}) {
		if err != nil {
			return nil, err
		}
		if a.Value.State == SetAside {
			continue // never listed beside the genuine ones
		}
		if !all {
			if ok, err := isFor(tx, a.Value, me); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
		}
		it := itemOut{
			ID: a.Value.Circular.String(), Reference: a.Value.Reference, Subject: a.Value.Subject, Urgency: urgency(a.Value.Urgent),
			Signed: true, State: store.Here.String(), Since: a.Value.At,
		}
		_, p, ok, err := sentUp(tx, a.Value.Circular, c.Site().Code)
		if err != nil {
			return nil, err
		}
		if ok {
			it.State, it.Since = p.State.String(), p.Since
		}
		items = append(items, it)
	}
	return items, nil
}
