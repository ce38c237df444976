package detect

import (
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

// Two rules of a user's file that claim the same bytes are both reported when asked for, and generic-api-key is not unless
// its secret is longer than theirs, or their matches begin on other lines.
func TestOverlapping(t *testing.T) {
	at := rules.Position{File: "t.toml", Line: 1}
	set := &rules.Set{Rules: []*rules.Rule{
		{ID: "acme", Regex: `acme_[a-z]{8}`, Source: at},
		{ID: "acme-wide", Regex: `key = (acme_[a-z]{8})`, Source: at},
		{ID: "builtin-a", Regex: `acme_[a-z]{8}`},
		{ID: "builtin-b", Regex: `acme_[a-z]{8}`},
		{ID: "generic-api-key", Regex: `key = ([a-z_]+)`, Source: at},
		{ID: "head", Regex: `head\n *tok = (emca_[a-z]{8})`, Reach: 200, Multiline: true, Source: at},
		{ID: "my-generic", Regex: `tok = ([a-z_]+)`, Source: at},
		{ID: "part", Regex: `emca_(abcd)efgh`, Source: at},
	}}
	tests := []struct{ text, single, all string }{
		{"key = acme_abcdefgh\n", "acme", "acme acme-wide builtin-a"},
		{"tok = emca_abcdefgh\n", "my-generic", "my-generic part"},
		{"head\ntok = emca_zyxwvuts\n", "head", "head my-generic"},
	}
	for _, tt := range tests {
		for _, overlapping := range []bool{false, true} {
			e, err := New(set, Options{Overlapping: overlapping})
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, m := range e.Keep(e.NewScanner().Scan([]byte(tt.text)).Matches(), "a", "") {
				ids = append(ids, m.Rule.ID)
			}
			want := tt.single
			if overlapping {
				want = tt.all
			}
			if got := strings.Join(ids, " "); got != want {
				t.Errorf("%q, overlapping %v: got %s, want %s", tt.text, overlapping, got, want)
			}
		}
	}
}
