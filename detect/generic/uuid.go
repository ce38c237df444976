package generic

import (
	"encoding/binary"
	"math/bits"
)

const (
	uuidLen  = 36
	uuidDash = 8 // offset of the first of four dashes, each five bytes after the other
)

// scanUUIDs calls yield for each UUID in b[lo:hi]. It looks for two dashes five bytes apart, in eight places at a time: one dash
// alone is too frequent in source code.
func scanUUIDs(b []byte, lo, hi int, yield func(lo, hi int)) {
	const (
		ones   = 0x0101010101010101
		highs  = 0x80 * ones
		dashes = '-' * ones
	)
	last := hi - (uuidLen - uuidDash) // so far before the end that the reads below are in bounds
	for d := lo + uuidDash; d <= last; {
		other := (binary.LittleEndian.Uint64(b[d:]) ^ dashes) | (binary.LittleEndian.Uint64(b[d+5:]) ^ dashes)
		zeros := (other - ones) &^ other & highs // a bit for the first such place, and perhaps for some after it
		if zeros == 0 {
			d += 8
			continue
		}
		d += bits.TrailingZeros64(zeros) / 8
		if d > last {
			return
		}
		if start, end := d-uuidDash, d-uuidDash+uuidLen; isUUID(b[start:end]) && bounded(b, start, end) {
			yield(start, end)
			d += uuidLen
			continue
		}
		d++
	}
}

// bounded reports whether b[lo:hi] is no part of a longer word.
func bounded(b []byte, lo, hi int) bool {
	return (lo == 0 || !isNameByte(b[lo-1]) || b[lo-1] == '_') && (hi == len(b) || !isNameByte(b[hi]) || b[hi] == '_')
}

// findUUID makes a candidate of the UUID that stands at b[lo:hi].
func findUUID(out []Candidate, _ *Text, lo, hi int) []Candidate {
	return append(out, Candidate{Group: ID, Value: Span{lo, hi}, Start: lo, End: hi})
}
