package people

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"

	"preau/modules/people/portrait"
	"preau/school"
	"preau/store"
	"preau/web"
)

// A zip of photos: each file is named by the matricule of whom it shows. It is
// counted before anything is unpacked.
const (
	zipMost    = 200       // photos: a class or two; a slow box takes half a second each
	zipBytes   = 256 << 20 // the zip as sent
	toldAtMost = 12        // names that the answer lists
)

type photosPage struct {
	web.Base
}

func newPhotosPage(c *web.Ctx) photosPage {
	p := photosPage{base(c, "people.photos.title")}
	p.Back = web.Link{Label: p.T("people.title"), Href: "/people"}
	p.Refused = p.T("people.photos.refused")
	return p
}

func showPhotos(c *web.Ctx) error { return c.Render(http.StatusOK, photosView(newPhotosPage(c))) }

// savePhotos keeps every photo of a zip that has somebody's matricule for a name.
func savePhotos(c *web.Ctx) error {
	f, err := c.Form()
	if err == nil {
		var done bool
		if done, err = c.Repeated(); done {
			return err
		}
	}
	if err == nil {
		err = keepPhotos(c, f)
	}
	if c.Refused(err) {
		return c.Render(http.StatusUnprocessableEntity, photosView(newPhotosPage(c)))
	}
	return err
}

// zippedPhoto is one picture of the zip, made small.
type zippedPhoto struct {
	name   string // of the file, without folder and ending
	person store.ID
	file   store.Blob
}

func keepPhotos(c *web.Ctx, f *web.Form) error {
	up, ok := f.File("zip")
	if !ok {
		return school.Refuse("people.photos.refused.none", "zip")
	}
	in, err := c.DB().OpenBlob(up.Blob.Hash)
	if err != nil {
		return fmt.Errorf("read a zip of photos: %w", err)
	}
	defer func() { _ = in.Close() }()
	files, err := photosIn(in, up.Size)
	if err != nil {
		return err
	}
	byName, err := matricules(c)
	if err != nil {
		return err
	}
	var kept []zippedPhoto
	var unknown, bad []string
	for _, z := range files {
		x := zippedPhoto{name: strings.TrimSuffix(path.Base(z.Name), path.Ext(z.Name))}
		if x.person, ok = byName[school.NormalizeMatricule(x.name)]; !ok {
			unknown = append(unknown, x.name)
			continue
		}
		if x.file, err = smallOf(c.DB(), z); school.RefusalsIn(err) != nil {
			bad = append(bad, x.name)
			continue
		}
		if err != nil {
			return err
		}
		kept = append(kept, x)
	}
	if len(kept) == 0 {
		return school.Refuse("people.photos.refused.nobody", "zip", "unknown", told(unknown), "bad", told(bad))
	}
	return c.Post(func(tx *store.Tx) (web.Result, error) {
		for _, x := range kept {
			if err := storePhoto(tx, c.Actor(), x.person, x.file); err != nil {
				return web.Result{}, err
			}
		}
		return web.Result{To: "/people/photos", Flash: "people.photos.done", FlashArgs: map[string]any{"count": len(kept), "unknown": told(unknown), "bad": told(bad)}}, nil
	})
}

// told lists a few names, "—" for none.
func told(names []string) string {
	if len(names) == 0 {
		return "—"
	}
	text := strings.Join(names[:min(len(names), toldAtMost)], ", ")
	if more := len(names) - toldAtMost; more > 0 {
		text += fmt.Sprintf(" … +%d", more)
	}
	return text
}

// photosIn lists the pictures of a zip: no folders, nothing hidden.
func photosIn(in *os.File, size int64) ([]*zip.File, error) {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return nil, school.Refuse("people.photos.refused.zip", "zip")
	}
	var files []*zip.File
	for _, f := range z.File {
		name := path.Base(strings.ReplaceAll(f.Name, `\`, "/"))
		ext := strings.ToLower(path.Ext(name))
		if strings.HasPrefix(name, ".") || strings.Contains(f.Name, "__MACOSX") || ext != ".jpg" && ext != ".jpeg" && ext != ".png" {
			continue
		}
		f.Name = name
		files = append(files, f)
	}
	switch {
	case len(files) == 0:
		return nil, school.Refuse("people.photos.refused.empty", "zip")
	case len(files) > zipMost || len(z.File) > 5*zipMost:
		return nil, school.Refuse("people.photos.refused.many", "zip", "max", zipMost)
	}
	return files, nil
}

// smallOf makes one picture small and puts it among the files.
func smallOf(db *store.DB, z *zip.File) (store.Blob, error) {
	if z.UncompressedSize64 > portrait.MaxBytes {
		return store.Blob{}, school.Refuse("people.photo.refused.big", "photo", "max", portrait.MaxBytes>>20)
	}
	r, err := z.Open()
	if err != nil {
		return store.Blob{}, school.Refuse("people.photo.refused.broken", "photo")
	}
	defer func() { _ = r.Close() }()
	small, err := portrait.Make(r)
	if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF) {
		return store.Blob{}, school.Refuse("people.photo.refused.broken", "photo")
	}
	if err != nil {
		return store.Blob{}, err
	}
	return makePhoto(db, small)
}

// matricules finds people by matricule, former ones included, pupils before staff.
func matricules(c *web.Ctx) (map[string]store.ID, error) {
	found := map[string]store.ID{}
	err := c.View(func(tx *store.Tx) error {
		for _, kind := range []school.Kind{school.PupilKind, school.Staff} {
			for r, err := range school.People.Where(tx, "kind", string(kind)) {
				if err != nil {
					return err
				}
				for _, m := range append([]string{r.Value.Matricule}, r.Value.Aliases...) {
					n := school.NormalizeMatricule(m)
					if _, taken := found[n]; n != "" && !taken {
						found[n] = r.ID
					}
				}
			}
		}
		return nil
	})
	return found, err
}
