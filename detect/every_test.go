package detect

import (
	"encoding/base64"
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

// What a JSON web token holds is looked at where all rules are to report.
func TestOverlappingInWebToken(t *testing.T) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	text := "t = " + part(`{"alg":"HS256"}`) + "." + part(`{"config":"key = acme_abcdefgh of the service"}`) + ".c2lnbmF0dXJl\n"
	set := &rules.Set{Rules: []*rules.Rule{
		{ID: "acme", Regex: `acme_[a-z]{8}`, Source: rules.Position{File: "t.toml", Line: 1}},
	}}
	for overlapping, want := range map[bool]int{false: 0, true: 1} {
		e, err := New(set, Options{Overlapping: overlapping})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Keep(e.NewScanner().Scan([]byte(text)).Matches(), "a", ""); len(got) != want {
			t.Errorf("overlapping %v: %d matches, want %d", overlapping, len(got), want)
		}
	}
}
