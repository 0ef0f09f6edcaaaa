package web

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits are the kit's wide bounds; school's throttles guard each account.
type limits struct {
	signIn  *buckets // tries to sign in, per address: a whole class may press Enter at once
	bearer  *buckets // wrong tokens, per address
	public  *buckets // API without login, per address
	writes  *buckets // API writes, per token
	perCall *buckets // Endpoint.PerMinute, per token and endpoint
}

func newLimits() limits {
	return limits{
		signIn:  newBuckets(5, 120),
		bearer:  newBuckets(1, 30),
		public:  newBuckets(50, 300),
		writes:  newBuckets(500, 5000),
		perCall: newBuckets(1, 1),
	}
}

const bucketsMost = 4096

// buckets is a table of rate limiters by key. When it is full the one that was
// not asked for longest goes: a bounded table cannot be filled up.
type buckets struct {
	mu    sync.Mutex
	every rate.Limit
	burst int
	byKey map[string]*list.Element
	order *list.List // front: asked last
}

type bucket struct {
	key string
	lim *rate.Limiter
}

func newBuckets(perSecond float64, burst int) *buckets {
	return &buckets{every: rate.Limit(perSecond), burst: burst, byKey: map[string]*list.Element{}, order: list.New()}
}

// allow takes one from the key's bucket.
func (b *buckets) allow(key string, now time.Time) bool {
	return b.limiter(key, b.every, b.burst).AllowN(now, 1)
}

// allowMinute is allow with a bound of its own.
func (b *buckets) allowMinute(key string, perMinute int, now time.Time) bool {
	return b.limiter(key, rate.Limit(float64(perMinute)/60), perMinute).AllowN(now, 1)
}

func (b *buckets) limiter(key string, every rate.Limit, burst int) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.byKey[key]; ok {
		b.order.MoveToFront(e)
		return e.Value.(*bucket).lim
	}
	if b.order.Len() >= bucketsMost {
		last := b.order.Back()
		delete(b.byKey, last.Value.(*bucket).key)
		b.order.Remove(last)
	}
	k := &bucket{key: key, lim: rate.NewLimiter(every, burst)}
	b.byKey[key] = b.order.PushFront(k)
	return k.lim
}

// AllowSignIn tells whether this computer may try to sign in once more now.
func (c *Ctx) AllowSignIn() bool { return c.srv.limits.signIn.allow(c.Device(), time.Now()) }
