// Package deepcopy stands in for the library of that name, with which excelize
// copies pieces of a workbook. The library looks methods up by reflection, and a
// program in which anything does so must keep every exported method of every
// type: 5.8 MB of Préau's binary (docs/decisions/0007).
package deepcopy

import "encoding/xml"

// Copy makes dst, a pointer, a deep copy of src. What excelize copies is a piece
// of a sheet's XML (in Préau: a column's width), so XML carries it.
func Copy(dst, src any) error {
	b, err := xml.Marshal(src)
	if err != nil {
		return err
	}
	return xml.Unmarshal(b, dst)
}
