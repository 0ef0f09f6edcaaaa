package circulars

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"preau/school"
	"preau/school/seal"
	"preau/store"
	"preau/web/webtest"
)

// answered calls, asks for a status, and reads what is answered.
func answered[T any](t *testing.T, api *webtest.API, status int, method, path, body string, headers ...string) (out T) {
	t.Helper()
	p := api.Call(method, path, body, headers...)
	if p.Status != status {
		t.Fatalf("%s %s: %s, want %d\n%s", method, path, p, status, p.Body)
	}
	p.JSON(&out)
	return out
}

type refused struct {
	Error struct{ Key, Field, Message string }
}

func TestACircularByTheAPI(t *testing.T) {
	o := office(t)
	s := lycee(t, o)
	pub, sig, stat := o.API(school.Publisher), o.API(school.Signatory), o.API(school.Statistician)
	head, teacher := s.API(school.Head), s.API(school.Teacher)
	body := `{"reference":"n° 900/MEN","subject":"Crue","body":"Fermé.","urgency":"urgent","deadline":"2027-01-15","audience":{"regions":["DRE-GL"],"types":["general"],"levels":["Tle"],"series":["D"],"roles":["head","teacher"]}}`
	draft := answered[idOut](t, pub, 201, "POST", "/circulars", body, "Idempotency-Key", "one")
	if again := answered[idOut](t, pub, 201, "POST", "/circulars", body, "Idempotency-Key", "one"); again != draft {
		t.Errorf("the same key made another draft: %v, %v", draft, again)
	}
	if no := answered[refused](t, pub, 409, "POST", "/circulars", strings.Replace(body, "Crue", "Autre", 1), "Idempotency-Key", "one"); no.Error.Field != "Idempotency-Key" {
		t.Errorf("other content: %+v", no)
	}
	if l := answered[listOut](t, pub, 200, "GET", "/circulars", ""); len(l.Items) != 1 || l.Items[0].State != "draft" || l.Items[0].Signed {
		t.Errorf("the publisher's list: %+v", l)
	}
	if l := answered[listOut](t, stat, 200, "GET", "/circulars", ""); len(l.Items) != 0 {
		t.Errorf("a statistician is shown drafts: %+v", l)
	}
	answered[refused](t, pub, 404, "POST", "/circulars/"+draft.ID+"/sign", "{}")
	answered[refused](t, sig, 422, "POST", "/circulars/"+draft.ID+"/sign", `{"x":1}`)
	signed := answered[signedOut](t, sig, 200, "POST", "/circulars/"+draft.ID+"/sign", "{}")
	answered[refused](t, sig, 422, "POST", "/circulars/"+draft.ID+"/sign", "{}")
	if r := answered[receiptsOut](t, stat, 200, "GET", "/circulars/"+signed.ID+"/receipts", ""); len(r.Schools) != 1 || r.Schools[0].Received != nil || r.Schools[0].LastContact != nil {
		t.Errorf("before anything came: %+v", r)
	}
	carry(t, o, s, nil)

	first := answered[acknowledgedOut](t, teacher, 200, "POST", "/circulars/"+signed.ID+"/acknowledge", "{}")
	if again := answered[acknowledgedOut](t, teacher, 200, "POST", "/circulars/"+signed.ID+"/acknowledge", ""); !again.At.Equal(first.At) || again.Role != "teacher" {
		t.Errorf("twice: %+v, %+v", first, again)
	}
	answered[refused](t, teacher, 422, "POST", "/circulars/"+signed.ID+"/acknowledge", "{")
	answered[refused](t, s.API(school.Secretary), 404, "POST", "/circulars/"+draft.ID+"/acknowledge", "{}")
	answered[acknowledgedOut](t, head, 200, "POST", "/circulars/"+signed.ID+"/acknowledge", "{}")
	if l := answered[listOut](t, teacher, 200, "GET", "/circulars", ""); len(l.Items) != 1 || l.Items[0].State != "waiting" || l.Items[0].Urgency != "urgent" {
		t.Errorf("before the link: %+v", l)
	}
	if l := answered[listOut](t, s.API(school.Technician), 200, "GET", "/circulars", ""); len(l.Items) != 0 {
		t.Errorf("whom it does not mean: %+v", l)
	}
	carry(t, o, s, nil)
	if l := answered[listOut](t, teacher, 200, "GET", "/circulars", ""); l.Items[0].State != "at_office" {
		t.Errorf("after the link: %+v", l)
	}
	r := answered[receiptsOut](t, stat, 200, "GET", "/circulars/"+signed.ID+"/receipts", "").Schools[0]
	if r.Code != "TG-1" || r.Received == nil || r.Acknowledged == nil || r.Read != 2 || r.Staff != 2 || r.ByRole["head"] != (Count{Read: 1, Staff: 1}) || r.ByRole["teacher"] != (Count{Read: 1, Staff: 1}) {
		t.Errorf("receipts: %+v", r)
	}
	if l := answered[listOut](t, pub, 200, "GET", "/circulars", ""); len(l.Items) != 1 || l.Items[0].State != "signed" || !l.Items[0].Signed {
		t.Errorf("signed: %+v", l)
	}
	for _, site := range []*webtest.Site{o, s} {
		if v := asked(t, site, strings.ToLower(signed.Code[:3])+" - "+strings.ToLower(signed.Code[3:]), ""); v.Verdict != seal.Genuine || v.Path != "/circulars/"+signed.ID {
			t.Errorf("verify: %+v", v)
		}
	}
}

func TestTheAPIRefusesACircular(t *testing.T) {
	pub := office(t).API(school.Publisher)
	for field, change := range map[string][2]string{
		"reference": {`"reference":"r"`, `"reference":""`}, "subject": {`"subject":"s"`, `"subject":" "`}, "body": {`"body":"b"`, `"body":""`},
		"urgency": {`"normal"`, `"now"`}, "deadline": {`2027-01-15`, `2027-02-30`}, "levels": {`"Tle"`, `"9e"`}, "series": {`"D"`, `"Z"`},
		"types": {`"general"`, `"martian"`}, "roles": {`"head"`, `"publisher"`}, "schools": {`"TG-1"`, `"TG-9"`}, "audience": {`{"schools":["TG-1"],"types":["general"],"levels":["Tle"],"series":["D"],"roles":["head"]}`, `{}`},
	} {
		body := `{"reference":"r","subject":"s","body":"b","urgency":"normal","deadline":"2027-01-15","audience":{"schools":["TG-1"],"types":["general"],"levels":["Tle"],"series":["D"],"roles":["head"]}}`
		bad := strings.Replace(body, change[0], change[1], 1)
		if no := answered[refused](t, pub, 422, "POST", "/circulars", bad); no.Error.Field != field || no.Error.Message == "" {
			t.Errorf("%s: %+v", field, no)
		}
	}
	if l := answered[listOut](t, pub, 200, "GET", "/circulars", ""); len(l.Items) != 0 {
		t.Errorf("a refused circular was kept: %+v", l)
	}
}

func TestTheListIsReadPageByPage(t *testing.T) {
	o := office(t)
	s := lycee(t, o)
	for i := range 7 {
		publish(t, o, fmt.Sprintf("n° %d", i), store.ID{}, 0)
	}
	carry(t, o, s, nil)
	for _, api := range []*webtest.API{o.API(school.Publisher), s.API(school.Teacher)} {
		var seen []string
		after := ""
		for {
			l := answered[listOut](t, api, 200, "GET", "/circulars?limit=3&after="+url.QueryEscape(after), "")
			for _, it := range l.Items {
				seen = append(seen, it.Reference)
			}
			if after = l.Next; after == "" {
				break
			}
		}
		if want := "n° 6 n° 5 n° 4 n° 3 n° 2 n° 1 n° 0"; strings.Join(seen, " ") != want {
			t.Errorf("page by page: %q", seen)
		}
		for _, bad := range []string{"limit=0", "limit=501", "limit=x", "after=%21"} {
			if p := api.Call("GET", "/circulars?"+bad, ""); p.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %s", bad, p)
			}
		}
	}
}
