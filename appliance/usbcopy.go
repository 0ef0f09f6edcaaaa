package appliance

import (
	"context"
	"errors"
	"time"

	"filippo.io/age"

	"preau/school"
	"preau/store"
	"preau/web"
)

const usbCopiesKept = 3

// usbCopyJob lays a backup, encrypted to the recovery key, onto the disk that is
// mounted at stick.path: in the small hours, like the copies beside the data. An
// empty mount point is left alone.
func usbCopyJob(every time.Duration) Job {
	var made time.Time // of a disk on which a wrong clock left its times
	return Job{Name: "usb copy", Every: copyLook, Run: func(ctx context.Context, r *Running) error {
		dir := r.Config.Stick.Path
		if !mounted(dir) || r.DB.Newest().IsZero() {
			return nil
		}
		var site school.SiteInfo
		if err := r.DB.View(func(tx *store.Tx) (err error) { site, err = school.Site(tx); return err }); err != nil {
			return err
		}
		to, err := age.ParseX25519Recipient(site.Recovery)
		if err != nil {
			return nil // no recovery key yet: nobody could open it
		}
		disk := store.BackupDisk{Dir: dir, Site: Slug(site.Code), Keep: usbCopiesKept}
		newest, err := disk.Newest()
		at := now(r.Clock)
		if err != nil || !copyDue(at, newest, every) || newest.After(at) && !copyDue(at, made, every) {
			return err
		}
		got, err := r.DB.BackupOnto(ctx, disk, to)
		for _, what := range got.Mended {
			r.Log.Warn("a pack on the USB disk is written again", "pack", what)
		}
		if len(got.Damaged) > 0 {
			r.Log.Error("attachments of this site are damaged and in no new backup", "n", len(got.Damaged), "first", got.Damaged[0])
		}
		if errors.Is(err, store.ErrFull) {
			r.Log.Warn("no room for tonight's backup on the USB disk; the earlier ones stay", "cause", err)
			return nil // it does not help to try again at once
		}
		if err != nil {
			return err
		}
		made = at
		r.Log.Info("backup on the USB disk made", "path", got.Path, "written", got.Written, "reused", got.Reused)
		return nil
	}}
}

// usbDisk is where the backups on the USB disk stand, for people.
type usbDisk struct {
	Path    string // "" when none is set
	Mounted bool
	Newest  time.Time // of the backups on it; zero when there is none
	Room    Disk
}

func usbDiskAt(path, site string) (u usbDisk, err error) {
	if u = (usbDisk{Path: path, Mounted: mounted(path)}); u.Mounted {
		u.Room = diskAt(path)
		u.Newest, err = store.BackupDisk{Dir: path, Site: Slug(site)}.Newest()
	}
	return u, err
}

// usbFact says when the newest backup was laid onto the disk, and what room is left.
func (p statusPage) usbFact() web.Fact {
	f := web.Fact{Label: p.T("appliance.status.usb"), Text: p.T("appliance.status.usb_absent")}
	if p.USB.Mounted {
		last := p.T("appliance.status.no_copy")
		if !p.USB.Newest.IsZero() {
			last = p.DateTime(p.USB.Newest)
		}
		room := p.T("appliance.status.disk_free", "free", p.Size(p.USB.Room.Free), "total", p.Size(p.USB.Room.Total))
		f.Text = p.T("appliance.status.usb_at", "time", last, "room", room)
	}
	return f
}
