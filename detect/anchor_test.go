package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFinderFindsAll compares the finder with the plain search for one literal after the other, in texts
// that are full of literals and of what is nearly one, and in parts of them.
func TestFinderFindsAll(t *testing.T) {
	literals := []string{"eyj", "sg.", "$5$", "akia", "ghp_", "key ", "token", "secret", "clientsecret", "abcd", "abcde", "bcdef", "-----begin "}
	f := newAnchorFinder(literals, func(l int) (next class, known bool) {
		for b := range 256 {
			if b|0x20 != '!' { // the finder does not tell apart what folding does not
				next.add(byte(b))
			}
		}
		return next, l == 0
	})
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		for range rnd.IntN(12) {
			word := literals[rnd.IntN(len(literals))]
			switch rnd.IntN(4) {
			case 0:
				word = strings.ToUpper(word)
			case 1:
				word = word[:rnd.IntN(len(word))]
			case 2:
				word = string([]byte{byte(rnd.IntN(256))})
			}
			b.WriteString(word)
		}
		text := []byte(b.String())
		lo := rnd.IntN(len(text) + 1)
		hi := lo + rnd.IntN(len(text)-lo+1)
		for _, part := range [][2]int{{0, len(text)}, {lo, hi}, {lo, len(text)}, {0, hi}} {
			var got, want []string
			f.find(text, part[0], part[1], func(l, pos int) { got = append(got, fmt.Sprintf("%s %d", literals[l], pos)) })
			for l, lit := range literals {
				for pos := part[0]; pos+len(lit) <= part[1]; pos++ {
					if bytes.Equal(lowerASCII(text[pos:pos+len(lit)]), []byte(lit)) && !(l == 0 && bytes.HasPrefix(text[pos+len(lit):], []byte("!"))) {
						want = append(want, fmt.Sprintf("%s %d", lit, pos))
					}
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%q[%d:%d]: -want +got\n%s", text, part[0], part[1], diff)
			}
		}
	}
}

func lowerASCII(text []byte) []byte {
	out := bytes.Clone(text)
	for i, c := range out {
		out[i] = lowerByte(c)
	}
	return out
}
