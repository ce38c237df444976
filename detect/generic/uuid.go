package generic

import "bytes"

const uuidLen = 36

// scanUUIDs calls yield for each UUID in b[lo:hi]. It looks for a dash after every eight bytes that begin
// no UUID, so it costs little more than finding dashes.
func scanUUIDs(b []byte, lo, hi int, yield func(lo, hi int)) {
	for i := lo; i+uuidLen <= hi; {
		n := bytes.IndexByte(b[i+8:hi], '-')
		if n < 0 {
			return
		}
		i += n
		if i+uuidLen > hi || !isUUID(b[i:i+uuidLen]) || !bounded(b, i, i+uuidLen) {
			i++
			continue
		}
		yield(i, i+uuidLen)
		i += uuidLen
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
