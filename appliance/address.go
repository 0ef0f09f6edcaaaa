package appliance

import (
	"net"
	"net/http"
	"strconv"

	"preau/appliance/mdns"
	"preau/school/seal"
	"preau/web"
)

// addresses are how browsers reach the pages: by name, and by each address of
// the machine for those to whom .local means nothing.
type addresses struct {
	Name    string   // http://<slug>.local, "" when it is not announced
	Numbers []string // http://192.0.2.7:8080
}

// best is the one for a QR code: telephones often know no .local.
func (a addresses) best() string {
	if len(a.Numbers) > 0 {
		return a.Numbers[0]
	}
	return a.Name
}

func (a addresses) all() []string {
	if a.Name == "" {
		return a.Numbers
	}
	return append([]string{a.Name}, a.Numbers...)
}

func (x *server) addresses() (a addresses) {
	tcp, ok := x.pages.Addr().(*net.TCPAddr)
	if !ok {
		return a
	}
	url := func(host string) string {
		if tcp.Port == 80 {
			return "http://" + host
		}
		return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
	}
	ips, _ := mdns.Addresses(tcp.IP)
	for _, ip := range ips {
		if net.ParseIP(ip).To4() != nil {
			a.Numbers = append(a.Numbers, url(ip))
		}
	}
	if name := x.hosts.announced(); name != "" {
		a.Name = url(name)
	}
	return a
}

// lanName is the name that the site got on the LAN or, before it has one, that it
// will ask for.
func (x *server) lanName() string {
	if name := x.hosts.announced(); name != "" {
		return name
	}
	return x.Config.Site.Slug + ".local"
}

// reach is what sheets and pages name: a site that nobody but its own machine can
// open, as the demo is, still says where.
func (x *server) reach() []string {
	if x.pages == nil { // its routes are walked without a door
		return nil
	}
	if list := x.addresses().all(); len(list) > 0 {
		return list
	}
	return []string{"http://" + x.pages.Addr().String()}
}

// sheetPage is the poster that tells where to enter.
type sheetPage struct {
	web.Base
	addresses
	QR string
}

func (x *server) addressSheet(c *web.Ctx) error {
	p := sheetPage{Base: c.Base("appliance.sheet.title"), addresses: x.addresses()}
	p.Lead = p.T("appliance.sheet.lead")
	if best := p.best(); best != "" {
		p.QR = seal.QRSVG(best, 60)
	}
	return c.Render(http.StatusOK, sheetView(p))
}
