package people

import (
	"fmt"

	"preau/appliance"
	"preau/modules/people/portrait"
	"preau/school"
	"preau/store"
)

// demoFace is a pupil whose portrait is drawn.
type demoFace struct {
	id   store.ID
	girl bool
}

// demoFaces gives the pupils of one class a drawn portrait, but for a few who were
// not there on the day of the photographer.
func demoFaces(d *appliance.Demo, class []demoFace) error {
	photographed := class[:0:0]
	for i, p := range class {
		if i%9 != 7 {
			photographed = append(photographed, p)
		}
	}
	drawn := map[string]store.Blob{}
	file := make([]store.Blob, len(photographed))
	for i, p := range photographed {
		which := fmt.Sprint(i*5%portrait.Faces, p.girl)
		if _, ok := drawn[which]; !ok {
			small, err := portrait.Drawn(i*5, p.girl)
			if err != nil {
				return fmt.Errorf("draw a portrait: %w", err)
			}
			if drawn[which], err = makePhoto(d.DB, small); err != nil {
				return err
			}
		}
		file[i] = drawn[which]
	}
	return d.DB.Update(func(tx *store.Tx) error {
		for i, p := range photographed {
			if _, err := school.Photos.Add(tx, school.Photo{Person: p.id, File: file[i]}); err != nil {
				return err
			}
		}
		return nil
	})
}
