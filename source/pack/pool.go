package pack

import "math/bits"

// pool keeps buffers for reuse by one goroutine. They come in two sizes for each power of two.
type pool struct {
	free  [2 * 64][][]byte
	kept  int // bytes in free
	limit int // for kept
}

// class returns the smallest class of buffers that hold n bytes, and their size.
func class(n int) (c, size int) {
	n = max(n, 1<<8)
	exp := bits.Len(uint(n - 1))
	if half := 3 << (exp - 2); n <= half {
		return 2*exp - 1, half
	}
	return 2 * exp, 1 << exp
}

// get returns a buffer of n bytes with any content.
func (p *pool) get(n int) []byte {
	c, size := class(n)
	if l := len(p.free[c]); l > 0 {
		b := p.free[c][l-1]
		p.free[c] = p.free[c][:l-1]
		p.kept -= size
		return b[:n]
	}
	return make([]byte, n, size)
}

// put takes back a buffer from get.
func (p *pool) put(b []byte) {
	c, size := class(cap(b))
	if cap(b) != size || p.kept+size > p.limit {
		return
	}
	p.free[c] = append(p.free[c], b[:0])
	p.kept += size
}
