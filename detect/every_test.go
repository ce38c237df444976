package detect

import (
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

// Two rules of a user's file that claim the same bytes are both reported when asked for, and generic-api-key is not.
func TestOverlapping(t *testing.T) {
	at := rules.Position{File: "t.toml", Line: 1}
	set := &rules.Set{Rules: []*rules.Rule{
		{ID: "acme", Regex: `acme_[a-z]{8}`, Source: at},
		{ID: "acme-wide", Regex: `key = (acme_[a-z]{8})`, Source: at},
		{ID: "builtin-a", Regex: `acme_[a-z]{8}`},
		{ID: "builtin-b", Regex: `acme_[a-z]{8}`},
		{ID: "generic-api-key", Regex: `key = ([a-z_]+)`, Source: at},
	}}
	for want, overlapping := range map[string]bool{"acme": false, "acme acme-wide builtin-a": true} {
		e, err := New(set, Options{Overlapping: overlapping})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range e.Keep(e.NewScanner().Scan([]byte("key = acme_abcdefgh\n")).Matches(), "a", "") {
			ids = append(ids, m.Rule.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("overlapping %v: got %s, want %s", overlapping, got, want)
		}
	}
}
