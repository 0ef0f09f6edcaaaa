package marks_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"preau/school"
)

// TestRemarksReachTheBulletin: a teacher types words and numbers of phrases, a
// colleague does too, nobody overwrites unawares, and the paper says it all.
func TestRemarksReachTheBulletin(t *testing.T) {
	l := newLycee(t, 4)
	same := []string{"12", "9", "16", "11"}
	fillAll(t, l, map[string][]string{"interro": same, "devoir": {"12", "9", "16", "fraude"}, "composition": same})
	teacher, deputy, head := l.As(school.Teacher), l.As(school.Deputy), l.As(school.Head)
	at := "/marks/remarks/" + l.class.String() + "/MATH?period=1"
	if p := teacher.Get(l.notebook("MATH") + "?period=1"); !p.Has("Appréciations des bulletins : 0 sur 4") {
		t.Errorf("the notebook does not lead there:\n%s", p)
	}
	mine := teacher.Get(at)
	theirs := deputy.Get(at)
	if !strings.Contains(mine.Body, `placeholder="Assez bon travail"`) || !mine.Has("12,00") {
		t.Errorf("what is printed otherwise is not shown:\n%s", mine.Body)
	}
	p := mine.Submit(at, map[string]any{"m.1": "  Vive et  rigoureuse ", "m.2": "3", "m.3": "99", "m.4": strings.Repeat("très ", 30)})
	if p.Status != http.StatusUnprocessableEntity || !p.Has("2 appréciations sont enregistrées, pas les suivantes") || !p.Has("99 n’est le numéro d’aucune phrase. Tapez de 1 à 7") || !p.Has("149 lettres ne tiennent pas") {
		t.Fatalf("%s", p)
	}
	for field, want := range map[string]string{"m.1": "Vive et rigoureuse", "m.2": "Bon travail", "m.3": "99"} {
		if got, _ := p.Field(field); got != want {
			t.Errorf("%s holds %q, want %q", field, got, want)
		}
	}
	if p = p.Submit(at, map[string]any{"m.3": "Élève Ɖoɖui, à féliciter : ŋkɔ nyui", "m.4": "Doit se reprendre"}); p.Status != 200 || !p.Has("2 appréciations enregistrées.") {
		t.Fatalf("corrected: %s", p)
	}
	// The colleague has an old page: untouched rows stay, the touched one is refused once.
	theirs = theirs.Submit(at, map[string]any{"m.1": "Bavarde"})
	if theirs.Status != 422 || !theirs.Has("a écrit « Vive et rigoureuse » entre-temps") {
		t.Fatalf("the second writer is told\n%s", theirs)
	}
	if got, _ := teacher.Get(at).Field("m.1"); got != "Vive et rigoureuse" {
		t.Errorf("the first remark became %q", got)
	}
	if done := theirs.Submit(at, nil); !done.Has("1 appréciation enregistrée.") {
		t.Errorf("knowingly: %s", done)
	}

	// One row, as the script saves it: the answer is what stands there now.
	v := hidden.FindAllStringSubmatch(teacher.Get(at).Body, -1)[0][2]
	form := url.Values{"_token": {strings.Fields(v)[1]}, "v": {v}, "m": {"1"}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL+"/marks/remarks/"+l.class.String()+"/MATH/rows?period=1", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p := teacher.Do(req); p.Status != 200 || !strings.Contains(p.Body, `"mark":"Excellent travail"`) {
		t.Errorf("a row is answered with %d %s", p.Status, p.Body)
	}
	if p := l.As(school.Head).Get(at); p.Status != 200 || strings.Contains(p.Body, `id="marks"`) || p.Has("sont émis") {
		t.Errorf("the head reads and has no field: %d", p.Status)
	}
	if p := l.As(school.Pupil).Get(at); p.Status != http.StatusNotFound {
		t.Errorf("a pupil opens them: %d", p.Status)
	}
	if p := teacher.Get("/marks/remarks/" + l.class.String() + "/PHILO?period=1"); p.Status != http.StatusNotFound {
		t.Errorf("a subject of somebody else: %d", p.Status)
	}
	if p := deputy.Get(l.classPath("council") + "?period=1&n=2"); !p.Has("Bon travail") {
		t.Errorf("the council does not see it:\n%s", p)
	}

	issue := l.classPath("bulletins") + "/issue?period=1"
	open := teacher.Get(at)
	if p := head.Get(issue).Submit(issue, nil); !p.Has("4 bulletins sont émis.") {
		t.Fatalf("%s", p)
	}
	text := strings.Join(strings.Fields(pdfText(t, head, l.classPath("bulletins")+"/print?period=1")), " ")
	for _, words := range []string{"Excellent travail", "Bon travail", "Ɖoɖui", "ŋkɔ", "Fraude"} {
		if !strings.Contains(text, words) {
			t.Errorf("the bulletins lack %q", words)
		}
	}
	if p := open.Submit(at, map[string]any{"m.2": "Trop tard"}); p.Status != 422 || !p.Has("Les bulletins sont émis.") {
		t.Errorf("after the issue: %s", p)
	}
	if p := teacher.Get(at); !p.Has("Les bulletins sont émis. Pour un changement") {
		t.Errorf("afterwards the page says\n%s", p)
	}
	if p := deputy.Get(at); !strings.Contains(p.Body, `id="marks"`) {
		t.Error("the censeur cannot correct for an appeal")
	}
	if n := l.auditedAs(t, "marks.remark"); n != 6 {
		t.Errorf("%d remarks in the audit log, want 6", n)
	}
}
