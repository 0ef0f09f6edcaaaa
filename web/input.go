package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// FormSpec is where a form goes and how.
type FormSpec struct {
	Action string // path
	Files  bool   // it carries files
	Class  string
}

// Input is one control of a form. Label, Hint and Options are in the page's
// language. The name of the field is also that of school.Refusal.Field: the
// sentence then stands at the control.
type Input struct {
	Name  string
	Label string
	Hint  string
	Value string // as typed

	Type         string // text, password, date, email, number, tel …; "" is text
	Autocomplete string
	Mode         string // inputmode: "numeric"
	MaxLength    int
	Rows         int    // TextArea; 0 is 8
	Class        string // width: "s" a few digits, "m" a date or code, "" a line, "l" the sheet
	Optional     bool
	Autofocus    bool

	Options  []Option // Select, Radio, Checks
	Values   []string // Checks: those ticked
	Checked  bool     // Check
	Accept   string   // FileField: ".csv,.xlsx"
	Multiple bool
	Kept     []Upload
}

// Option is one of the answers that a question offers.
type Option struct{ Value, Label, Hint string }

// ButtonKind is how much a button says about what comes after it.
type ButtonKind uint8

// The kinds of button.
const (
	Primary   ButtonKind = iota // one a page
	Secondary                   // outlined
	Danger                      // irreversible, on its own page
	Third                       // a link
)

func (k ButtonKind) class() string { return [...]string{"b", "b2", "b b3", "b4"}[min(k, Third)] }

// Button is one action. Its label is verb, object and count. With Href it is a
// link; else it sends the form it stands in, with Name and Value when given.
type Button struct {
	Label       string
	Kind        ButtonKind
	Href        string
	Name, Value string
	Action      string // another target for the same form
}

func (x Button) attributes() templ.Attributes {
	a := templ.Attributes{}
	if x.Name != "" {
		a["name"], a["value"] = x.Name, x.Value
	}
	if x.Action != "" {
		a["formaction"] = x.Action
	}
	return a
}

func (f FormSpec) enctype() templ.Attributes {
	if f.Files {
		return templ.Attributes{"enctype": "multipart/form-data"}
	}
	return nil
}

func fieldID(name string) string { return "f-" + strings.ReplaceAll(name, ".", "-") }

func (in Input) id() string { return fieldID(in.Name) }

func (in Input) kind() string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

// shown keeps what was typed, but never a password.
func (in Input) shown() string {
	if in.Type == "password" {
		return ""
	}
	return in.Value
}

func (in Input) rows() string {
	if in.Rows == 0 {
		return "8"
	}
	return strconv.Itoa(in.Rows)
}

// first guards a leading line feed, which a browser drops after <textarea>.
func (in Input) first() string {
	if strings.HasPrefix(in.Value, "\n") || strings.HasPrefix(in.Value, "\r\n") {
		return "\n"
	}
	return ""
}

func (in Input) checkValue() string {
	if in.Value == "" {
		return "1"
	}
	return in.Value
}

func (in Input) chosen(value string) bool {
	if len(in.Values) > 0 {
		return slices.Contains(in.Values, value)
	}
	return in.Value == value
}

func (in Input) describedBy(b Base) templ.Attributes {
	var ids []string
	if in.Hint != "" {
		ids = append(ids, in.id()+"-h")
	}
	if b.RefusalAt(in.Name) != "" {
		ids = append(ids, in.id()+"-r")
	}
	if len(ids) == 0 {
		return nil
	}
	return templ.Attributes{"aria-describedby": strings.Join(ids, " ")}
}

func (in Input) attributes(b Base) templ.Attributes {
	a := templ.Attributes{}
	for k, v := range in.describedBy(b) {
		a[k] = v
	}
	if b.RefusalAt(in.Name) != "" {
		a["aria-invalid"] = "true"
	}
	if in.Autocomplete != "" {
		a["autocomplete"] = in.Autocomplete
	}
	if in.Mode != "" {
		a["inputmode"] = in.Mode
	}
	if in.MaxLength > 0 {
		a["maxlength"] = strconv.Itoa(in.MaxLength)
	}
	if in.Autofocus && len(b.Refusals) == 0 {
		a["autofocus"] = true
	}
	if in.Autocomplete == "username" || in.Type == "password" {
		a["autocapitalize"], a["spellcheck"] = "none", "false"
	}
	return a
}

func (in Input) fileAttributes(b Base) templ.Attributes {
	a := in.attributes(b)
	if in.Accept != "" {
		a["accept"] = in.Accept
	}
	if in.Multiple {
		a["multiple"] = true
	}
	return a
}
