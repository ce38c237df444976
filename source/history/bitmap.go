package history

import "math/bits"

// bitmap is a set of positions in a text.
type bitmap []uint64

// empty returns an empty set for n positions, in the same memory if it is large enough. There
// is one word more than needed, for copy.
func (b bitmap) empty(n int) bitmap {
	words := n/64 + 2
	if cap(b) < words {
		return make(bitmap, words, words+words/4)
	}
	b = b[:words]
	clear(b)
	return b
}

func (b bitmap) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }
func (b bitmap) set(i int)      { b[i>>6] |= 1 << (i & 63) }

// last returns the largest element that is not larger than i; there must be one.
func (b bitmap) last(i int) int {
	w := b[i>>6] << (63 - i&63)
	if w != 0 {
		return i - bits.LeadingZeros64(w)
	}
	i >>= 6
	for i--; b[i] == 0; i-- {
	}
	return i<<6 + 63 - bits.LeadingZeros64(b[i])
}

// copy sets the n bits after position to like those of another bitmap after position from. They must be
// clear before.
func (b bitmap) copy(to int, src bitmap, from, n int) {
	to, from = to+1, from+1
	if skip := to & 63; skip > 0 {
		take := min(64-skip, n)
		b[to>>6] |= src.word(from) & (1<<take - 1) << skip
		to, from, n = to+take, from+take, n-take
	}
	words := n >> 6
	dst, in, shift := b[to>>6:][:words], src[from>>6:][:words+1], uint(from)
	low := in[0]
	for i := range dst {
		high := in[i+1]
		// The shifts are those of word, in a form that needs no test.
		dst[i] = low>>(shift&63) | high<<1<<(^shift&63)
		low = high
	}
	if rest := n & 63; rest > 0 {
		b[to>>6+words] |= src.word(from+words<<6) & (1<<rest - 1)
	}
}

// word returns the 64 bits from a position on.
func (b bitmap) word(from int) uint64 {
	return b[from>>6]>>(from&63) | b[from>>6+1]<<1<<(63-from&63)
}
