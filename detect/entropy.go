package detect

import "math"

// entropy returns the Shannon entropy of s in bits a byte: 0 for one repeated
// byte, log2(n) for n equally frequent ones.
func entropy(s []byte) float64 {
	if len(s) == 0 {
		return 0
	}
	var count [256]int
	for _, c := range s {
		count[c]++
	}
	n := float64(len(s))
	var h float64
	for _, k := range count {
		if k > 0 {
			p := float64(k) / n
			h -= p * math.Log2(p)
		}
	}
	return h
}
