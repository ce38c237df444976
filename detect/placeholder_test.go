package detect

import (
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

// A token that is filled up with one character is a placeholder; runs of what stands for zeros and ones in base64 are none.
func TestFilled(t *testing.T) {
	for text, want := range map[string]bool{
		"tok_" + strings.Repeat("x", 12):            true,
		"tok_ab" + strings.Repeat("0", 12) + "cd":   true,
		"tok_" + strings.Repeat("x", 11) + "y":      false,
		"tok_" + strings.Repeat("A", 30):            false,
		"tok_" + strings.Repeat("/", 30) + "====":   false,
		"tok_" + strings.Repeat("xy", 12):           false,
		strings.Repeat("tok_xxxxxxxx-xxxxxxxx", 12): false,
	} {
		if got := filled([]byte(text)); got != want {
			t.Errorf("filled(%s) = %v", text, got)
		}
	}
	e := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{{ID: "acme", Token: `acme_[0-9A-Za-z]{24}`}}})
	for text, want := range map[string]int{
		"acme_" + strings.Repeat("x", 24):                   0,
		"acme_" + strings.Repeat("x", 11) + "4f1c9a0e7b2d8": 1,
	} {
		if got := len(e.NewScanner().Scan([]byte(text)).Matches()); got != want {
			t.Errorf("%s: %d matches, want %d", text, got, want)
		}
	}
}
