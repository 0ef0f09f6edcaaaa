package people

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"preau/modules/people/portrait"
	"preau/school"
	"preau/store"
	"preau/web"
)

// storePhoto keeps a picture that portrait made as the person's only one.
func storePhoto(tx *store.Tx, who school.Actor, person store.ID, file store.Blob) error {
	old, err := school.PhotoOf(tx, person)
	switch {
	case errors.Is(err, store.ErrNotFound):
		_, err = school.Photos.Add(tx, school.Photo{Person: person, File: file})
	case err == nil && old.Value.File.Hash == file.Hash:
		return nil
	case err == nil:
		err = school.Photos.Set(tx, old.ID, school.Photo{Person: person, File: file})
	}
	if err != nil {
		return fmt.Errorf("keep a photo: %w", err)
	}
	return school.Audit(tx, who, "people.photo", person, nil, nil)
}

// makePhoto makes a picture small and puts it among the files, before any record
// names it.
func makePhoto(db *store.DB, small []byte) (store.Blob, error) {
	hash, size, err := db.PutBlob(bytes.NewReader(small), int64(len(small)))
	return store.Blob{Hash: hash, Size: size, Name: "photo.jpg", Type: "image/jpeg"}, err
}

func sendPhoto(c *web.Ctx) error {
	var file store.Blob
	err := c.View(func(tx *store.Tx) error {
		r, err := seePerson(c, tx)
		if err != nil {
			return err
		}
		p, err := school.PhotoOf(tx, r.ID)
		if err != nil {
			return c.NotFound()
		}
		file = p.Value.File
		return nil
	})
	if err != nil {
		return err
	}
	return c.SendBlob(file)
}

type photoPage struct {
	web.Base
	ID     store.ID
	Person school.Person
	Has    bool
}

func newPhotoPage(c *web.Ctx, r store.Record[school.Person]) (p photoPage, err error) {
	p = photoPage{Base: base(c, "people.photo.title", "name", r.Value.Name()), ID: r.ID, Person: r.Value}
	p.Back = web.Link{Label: r.Value.Name(), Href: "/people/" + r.ID.String()}
	p.Refused = p.T("people.refused.not_saved")
	err = c.View(func(tx *store.Tx) error {
		_, err := school.PhotoOf(tx, r.ID)
		p.Has = err == nil
		return nil
	})
	return p, err
}

func showPhoto(c *web.Ctx) error {
	r, err := personToChange(c)
	if err != nil {
		return err
	}
	p, err := newPhotoPage(c, r)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, photoView(p))
}

func savePhoto(c *web.Ctx) error {
	r, err := personToChange(c)
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err == nil {
		err = keepPhoto(c, f, r)
	}
	if c.Refused(err) {
		p, err := newPhotoPage(c, r)
		if err != nil {
			return err
		}
		return c.Render(http.StatusUnprocessableEntity, photoView(p))
	}
	return err
}

func keepPhoto(c *web.Ctx, f *web.Form, r store.Record[school.Person]) error {
	up, ok := f.File("photo")
	if !ok {
		return school.Refuse("people.photo.refused.none", "photo")
	}
	in, err := c.DB().OpenBlob(up.Blob.Hash)
	if err != nil {
		return fmt.Errorf("read a photo: %w", err)
	}
	defer func() { _ = in.Close() }()
	small, err := portrait.Make(in)
	if err != nil {
		return err
	}
	file, err := makePhoto(c.DB(), small)
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		err := storePhoto(tx, c.Actor(), r.ID, file)
		return web.Result{To: "/people/" + r.ID.String(), Flash: "people.photo.done", FlashArgs: map[string]any{"name": r.Value.Name()}}, err
	})
}

func dropPhoto(c *web.Ctx) error {
	r, err := personToChange(c)
	if err != nil {
		return err
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		old, err := school.PhotoOf(tx, r.ID)
		if err == nil {
			if err = school.Photos.Delete(tx, old.ID); err == nil {
				err = school.Audit(tx, c.Actor(), "people.photo.drop", r.ID, nil, nil)
			}
		}
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return web.Result{To: "/people/" + r.ID.String(), Flash: "people.photo.dropped", FlashArgs: map[string]any{"name": r.Value.Name()}}, err
	})
}
