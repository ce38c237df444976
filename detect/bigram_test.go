package detect

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write generated files anew")

// TestBigrams makes the table of bigram.go of the standard library's source, or checks that it
// has the right size and says what is plainly so.
func TestBigrams(t *testing.T) {
	if *update {
		writeBigrams(t, sourceCode(t))
	}
	if len(bigrams) != symbols*symbols {
		t.Fatalf("table has %d entries, want %d", len(bigrams), symbols*symbols)
	}
	for _, x := range []struct{ rare, common string }{{"jq", "th"}, {"xk", "in"}, {"q_", "re"}} {
		if rarity(x.rare[0], x.rare[1]) <= rarity(x.common[0], x.common[1]) {
			t.Errorf("%q is said to be no rarer than %q", x.rare, x.common)
		}
	}
}

func writeBigrams(t *testing.T, text []byte) {
	t.Helper()
	var count [symbols * symbols]float64
	for i := 1; i < len(text); i++ {
		count[symbolOf(lowerByte(text[i-1]))*symbols+symbolOf(lowerByte(text[i]))]++
	}
	var b strings.Builder
	b.WriteString("package detect\n\n// Made by TestBigrams -update of Go's standard library. See rarity.\nconst bigrams = \"\" +\n")
	for row := range symbols {
		line := make([]byte, symbols)
		for col := range symbols {
			// Half bits: 'A' for every second byte, 'B' for one in 2.8, and so on.
			p := (count[row*symbols+col] + 0.5) / float64(len(text))
			line[col] = 'A' + byte(min(57, math.Round(-2*math.Log2(p))))
		}
		end := " +\n"
		if row == symbols-1 {
			end = "\n"
		}
		fmt.Fprintf(&b, "\t%q%s", line, end)
	}
	if err := os.WriteFile("bigram.go", []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Skip("written; run again")
}
