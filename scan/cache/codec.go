package cache

import (
	"encoding/binary"
	"errors"
	"math"
)

var errFormat = errors.New("malformed cache file")

// reader takes a payload apart. After the first thing that is wrong it gives zeros only.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail() { r.rest, r.err = nil, errFormat }

// bytes returns the next n bytes.
func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 { // one number is written in one way
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// small is a number of 32 bits.
func (r *reader) small() uint32 {
	v := r.number()
	if v > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(v)
}

// size is a number that is an int64.
func (r *reader) size() int64 {
	v := r.number()
	if v > math.MaxInt64 {
		r.fail()
		return 0
	}
	return int64(v)
}

// count is the length of a list whose elements take at least so many bytes each: no more than there can be, so that a
// lie costs no memory.
func (r *reader) count(least int) int {
	v := r.number()
	if v > uint64(len(r.rest)/least) {
		r.fail()
		return 0
	}
	return int(v)
}

// position is a number below n and above last, which is -1 before the first, written less last.
func (r *reader) position(last, n int) int {
	step := r.number()
	if step >= uint64(n) || max(last, 0)+int(step) >= n || max(last, 0)+int(step) <= last {
		r.fail()
		return last
	}
	return max(last, 0) + int(step)
}

func (r *reader) text() string { return string(r.bytes(r.number())) }

// end returns the error, which there is too when something is left.
func (r *reader) end() error {
	if len(r.rest) > 0 {
		r.fail()
	}
	return r.err
}

func appendNumber(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

func appendText(b []byte, s string) []byte { return append(appendNumber(b, uint64(len(s))), s...) }
