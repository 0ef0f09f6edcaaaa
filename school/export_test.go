package school

// HoldTurn takes the one turn of hashing until release is called.
func HoldTurn() (release func()) {
	hashing <- struct{}{}
	return func() { <-hashing }
}

// Waiting is how many wait for their turn.
func Waiting() int {
	queue.mu.Lock()
	defer queue.mu.Unlock()
	return queue.n
}

// MaxWaiting is how many may.
const MaxWaiting = maxWaiting
