package signin

import "strconv"

// figure is one person of the drawing: a head and a rounded body on the ground.
type figure struct{ x, head, body string }

// figures are nine people of three heights, in groups as before the first bell.
var figures = draw([][2]int{{52, 84}, {74, 92}, {96, 80}, {124, 96}, {146, 88}, {184, 78}, {206, 92}, {240, 84}, {264, 96}})

func draw(at [][2]int) (out []figure) {
	for _, p := range at {
		x, head := strconv.Itoa(p[0]), strconv.Itoa(p[1])
		top := strconv.Itoa(p[1] + 18)
		left, right := strconv.Itoa(p[0]-8), strconv.Itoa(p[0]+8)
		out = append(out, figure{x, head, "M" + left + " 138V" + top + "a8 8 0 0 1 16 0V138H" + right + "z"})
	}
	return out
}
