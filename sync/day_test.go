package boxsync_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"preau/store"
)

// The school's day, from a seed: 700 new records and 200 edits in the shape of
// marks and absences taken class by class, three circulars of 1.5 KB, a new PDF of
// 300,000 bytes and a new version of a 2 MB file of which 100,000 bytes changed in
// six places. Before it stand 2,000 records and the file. The same day is given to
// each tool: to Préau as records, to the others as rows of JSON.

type dayRecord struct {
	Pupil   store.ID `cbor:"1,keyasint,omitempty" json:"pupil"`
	Class   string   `cbor:"2,keyasint,omitempty" json:"class"`
	Subject string   `cbor:"3,keyasint,omitempty" json:"subject,omitempty"`
	Value   int      `cbor:"4,keyasint,omitempty" json:"value,omitempty"` // hundredths
	Remark  string   `cbor:"5,keyasint,omitempty" json:"remark,omitempty"`
	Kind    string   `cbor:"6,keyasint,omitempty" json:"kind"`
}

var (
	dayLocal  = store.Define(store.Spec[dayRecord]{Name: "day.local", Home: store.Local})
	dayMarks  = store.Define(store.Spec[dayRecord]{Name: "day.records", Home: store.Up})
	daySubj   = strings.Fields("MATH FRAN ANG SP SVT HG PHILO EPS")
	dayRemark = []string{"", "", "", "Bon travail", "Peut mieux faire", "Travail insuffisant", "En progrès", "Très bien", "Doit participer davantage", "Copie incomplète"}
	dayKinds  = []string{"retard", "absence", "absence justifiée"}
)

type day struct {
	base      []dayRecord
	fresh     []dayRecord
	edits     map[int]dayRecord // of base
	circulars []string
	pdf       []byte
	old, new  []byte // the 2 MB file
}

func sheet(r *rand.Rand, n int) (list []dayRecord) {
	class, subject := fmt.Sprintf("%s%d", []string{"2nde S", "1re D", "Tle A4-"}[r.IntN(3)], 1+r.IntN(5)), daySubj[r.IntN(len(daySubj))]
	class900 := r.IntN(20) // a class's pupils in the order of their names, which is not that of their ids
	for i := range n {
		x := dayRecord{Pupil: store.ID{Origin: store.Origin{7, 3, 9, 1, 4, 8, 2, 6}, Number: 1000 + uint64((class900*45+i)*7919%907)}, Class: class, Subject: subject, Kind: "note"}
		if r.IntN(4) == 0 {
			x.Kind, x.Subject = dayKinds[r.IntN(len(dayKinds))], ""
		} else {
			x.Value = 25 * (12 + r.IntN(64))
			if r.IntN(3) == 0 {
				x.Remark = dayRemark[r.IntN(len(dayRemark))]
			}
		}
		list = append(list, x)
	}
	return list
}

func newDay(seed uint64) *day {
	r := rand.New(rand.NewPCG(seed, 4))
	d := &day{edits: map[int]dayRecord{}}
	for len(d.base) < 2000 {
		d.base = append(d.base, sheet(r, 40)...)
	}
	for len(d.fresh) < 700 {
		d.fresh = append(d.fresh, sheet(r, 35)...)
	}
	for _, i := range r.Perm(len(d.base))[:200] {
		x := d.base[i]
		x.Value, x.Remark = 25*(12+r.IntN(64)), dayRemark[r.IntN(len(dayRemark))]
		d.edits[i] = x
	}
	for range 3 {
		d.circulars = append(d.circulars, circularText(r, 1500))
	}
	bytesOf := func(n int) []byte {
		var key [32]byte
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		b := make([]byte, n)
		_, _ = rand.NewChaCha8(key).Read(b)
		return b
	}
	d.pdf, d.old = bytesOf(300_000), bytesOf(2_000_000)
	d.new = slices.Clone(d.old)
	for i := range 6 {
		at := i*330_000 + r.IntN(300_000)
		n := 16_667
		if i == 5 {
			n = 100_000 - 5*16_667
		}
		copy(d.new[at:], bytesOf(n))
	}
	return d
}

var dayWords = strings.Fields(`le la les des une aux pour dans avec sans par sur entre avant après chaque tous leurs
	établissement lycée professeur élève parent classe examen épreuve session candidat copie jury centre dossier liste tableau
	inscription matricule acte photographie quittance montant versement délai rapport compte rendu réunion conseil discipline
	sont fixées doivent être remis transmis signé vérifié ouvert fermé organisé reporté présenté affiché communiqué adressé
	lundi mardi mercredi jeudi vendredi matin soir heure semaine trimestre Lomé Kara Sokodé Atakpamé Dapaong Tsévié Kpalimé`)

func circularText(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		for range 8 + r.IntN(10) {
			b.WriteString(dayWords[r.IntN(len(dayWords))])
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%d.\n", r.IntN(3000))
	}
	return b.String()[:n]
}

// row is a record as a row of JSON: what the floor and the other tools are given.
func (d *day) row(n int, number int, x dayRecord, at time.Time) []byte {
	raw, err := json.Marshal(map[string]any{
		"id": fmt.Sprintf("7f3a9c0e5b12d486-%d", n), "number": number, "time": at.UnixMilli(), "collection": "day.records", "body": x,
	})
	if err != nil {
		panic(err)
	}
	return append(raw, '\n')
}

// when is the time of the n-th write: a sheet is entered row by row, each after
// 3 to 19 seconds.
func when(n int) time.Time {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return time.Date(2026, 10, 13, 7, 0, 0, 0, time.UTC).Add(time.Duration(n)*18*time.Second + time.Duration(binary.BigEndian.Uint16(sum[:])>>2)*time.Millisecond)
}

// rows are all rows before the day, and after it.
func (d *day) rows(after bool) (rows [][]byte, changed [][]byte) {
	number := 0
	for i, x := range d.base {
		number++
		rows = append(rows, d.row(i+1, number, x, when(number)))
	}
	if !after {
		return rows, nil
	}
	for i, x := range d.fresh {
		number++
		row := d.row(len(d.base)+i+1, number, x, when(number))
		rows, changed = append(rows, row), append(changed, row)
	}
	for i := range d.base {
		if x, ok := d.edits[i]; ok {
			number++
			rows[i] = d.row(i+1, number, x, when(number))
			changed = append(changed, rows[i])
		}
	}
	return rows, changed
}
