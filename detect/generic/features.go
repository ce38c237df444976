package generic

import (
	"iter"
	"math/bits"
)

// feature is something that holds of a candidate or not.
type feature uint16

// features is a set of features.
type features [6]uint64

func (s *features) add(f feature)      { s[f>>6] |= 1 << (f & 63) }
func (s *features) has(f feature) bool { return s[f>>6]>>(f&63)&1 != 0 }

func (s *features) addIf(ok bool, f feature) {
	if ok {
		s.add(f)
	}
}

// addStep adds the n-th of a row of features that begins with first and has the given length.
func (s *features) addStep(first feature, n, length int) {
	s.add(first + feature(max(0, min(n, length-1))))
}

func (s *features) all() iter.Seq[feature] {
	return func(yield func(feature) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(feature(i<<6 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}
