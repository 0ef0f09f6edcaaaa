package packs

// Reckon computes a hand-written step, with as many decimals as like has.
func Reckon(calc, like string) (is string, ok bool) { return reckon(calc, like) }
