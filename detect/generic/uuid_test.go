package generic

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestScanUUIDs compares the search with a try at every byte, in texts that are made of UUIDs, of what is nearly one, and of dashes.
func TestScanUUIDs(t *testing.T) {
	const uuid = "0b5c1f2e-89ab-4cde-8f01-23456789abcd"
	pieces := []string{uuid, uuid[:23], uuid[9:], "-", "--------", "{", "}", "_", "a", " ", "\n", "id: ", "0123456789"}
	rnd := rand.New(rand.NewPCG(3, 4))
	found := 0
	for range 20000 {
		var b []byte
		for range rnd.IntN(9) {
			b = append(b, pieces[rnd.IntN(len(pieces))]...)
		}
		lo := rnd.IntN(len(b) + 1)
		hi := lo + rnd.IntN(len(b)-lo+1)
		if rnd.IntN(2) == 0 {
			lo, hi = 0, len(b)
		}
		var got, want []Span
		scanUUIDs(b, lo, hi, func(lo, hi int) { got = append(got, Span{lo, hi}) })
		for i := lo; i+uuidLen <= hi; i++ {
			if isUUID(b[i:i+uuidLen]) && bounded(b, i, i+uuidLen) {
				want = append(want, Span{i, i + uuidLen})
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q[%d:%d]: -want +got\n%s", b, lo, hi, diff)
		}
		found += len(got)
	}
	if found < 1000 {
		t.Errorf("only %d UUIDs in all texts", found)
	}
}
