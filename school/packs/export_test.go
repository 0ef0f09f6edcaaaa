package packs

// Reckon computes a hand-written step, with as many decimals as like has.
func Reckon(calc, like string) (string, error) { return reckon(calc, like) }
