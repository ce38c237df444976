package detect

import (
	"testing"

	"github.com/straykey/straykey/rules"
)

// A rule whose match may cross lines and that has no anchor is tried on whole texts, like any other without an anchor.
func TestWideWithoutAnchor(t *testing.T) {
	e, err := New(&rules.Set{Rules: []*rules.Rule{{ID: "slow", Regex: `([0-9a-f]{8})\s+x`, Multiline: true, Reach: 2048}}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("one\n0123abcd\n x\ntwo\n")
	ms := e.NewScanner().Scan(text).Matches()
	if len(ms) != 1 || ms[0].Secret != "0123abcd" {
		t.Fatalf("%d matches, want the one over two lines", len(ms))
	}
}

// A rule whose literals are of two bytes is tried where the first bytes of what is repeated after them follow, and not on
// every text as a whole.
func TestShortLiteralBeforeRepeat(t *testing.T) {
	tests := []struct {
		regex, text, want string
		slow              bool
	}{
		{`SK[0-9a-f]{12}`, "a SKxyz SK0123456789ab b\n", "SK0123456789ab", false},
		{`\b(hv\.[\w-]{9,12}|s\.(?i:[a-z0-9]{8}))(?:[\s;]|$)`, "this.a s.Abcdefgh\n", "s.Abcdefgh", false},
		{`[0-9a-f]{12}`, "0123456789ab\n", "0123456789ab", true},
		{`q[0-9]*x`, "q12x\n", "q12x", true},
	}
	for _, tt := range tests {
		e, err := New(&rules.Set{Rules: []*rules.Rule{{ID: "r", Regex: tt.regex}}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if slow := len(e.Slow()) > 0; slow != tt.slow {
			t.Errorf("%s: slow %v, want %v", tt.regex, slow, tt.slow)
		}
		ms := e.NewScanner().Scan([]byte(tt.text)).Matches()
		if len(ms) != 1 || ms[0].Secret != tt.want {
			t.Errorf("%s: %d matches, want %s", tt.regex, len(ms), tt.want)
		}
	}
}
