package detect

import (
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

// nearRules are a rule that requires another, and that other one.
func nearRules(q rules.Required) *rules.Set {
	q.ID = "id"
	return &rules.Set{Rules: []*rules.Rule{
		{ID: "id", Token: `ident_[a-z]{4}`, SkipReport: true},
		{ID: "key", Token: `value_[a-z]{4}`, Required: []rules.Required{q}},
	}}
}

func TestRequiredNearness(t *testing.T) {
	lines := func(n int) rules.Required { return rules.Required{WithinLines: &n} }
	columns := func(n int) rules.Required { return rules.Required{WithinColumns: &n} }
	both := func(l, c int) rules.Required { return rules.Required{WithinLines: &l, WithinColumns: &c} }
	tests := []struct {
		name, text string
		required   rules.Required
		want       int
	}{
		{"anywhere", "ident_abcd\n\n\n\n\n\nvalue_abcd", rules.Required{}, 1},
		{"nowhere", "value_abcd", rules.Required{}, 0},
		{"near enough before", "ident_abcd\n\nvalue_abcd", lines(2), 1},
		{"near enough behind", "value_abcd\n\nident_abcd", lines(2), 1},
		{"a line too far", "ident_abcd\n\n\nvalue_abcd", lines(2), 0},
		{"the same line", "ident_abcd value_abcd", lines(0), 1},
		{"not the same line", "ident_abcd\nvalue_abcd", lines(0), 0},
		{"each for itself", "value_aaaa\nident_abcd\n\n\nvalue_bbbb\nvalue_cccc ident_abcd", lines(1), 3},
		{"one of several is near", "ident_aaaa\n\n\n\nvalue_bbbb\n\nident_cccc", lines(2), 1},
		{"columns", "ident_abcd    value_abcd", columns(14), 1},
		{"a column too far", "ident_abcd    value_abcd", columns(13), 0},
		{"columns of any line", "ident_abcd\n\n\n\n\n  value_abcd", columns(2), 1},
		{"both", "ident_abcd\n  value_abcd", both(1, 2), 1},
		{"both, line too far", "ident_abcd\n\n  value_abcd", both(1, 2), 0},
		{"both, column too far", "ident_abcd\n   value_abcd", both(1, 2), 0},
		{"CRLF", "ident_abcd\r\n\r\nvalue_abcd", lines(2), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newTestEngine(t, nearRules(tt.required))
			got := e.Keep(e.NewScanner().Scan([]byte(tt.text)).Matches(), "a.txt", "")
			if len(got) != tt.want {
				t.Errorf("%d findings, want %d", len(got), tt.want)
			}
		})
	}
}

// What an allowlist leaves out does not serve others either.
func TestRequiredIsNotAllowed(t *testing.T) {
	set := nearRules(rules.Required{WithinLines: new(1)})
	set.Rules[0].Allowlists = []rules.Allowlist{{Paths: []string{`^docs/`}}}
	e := newTestEngine(t, set)
	matches := e.NewScanner().Scan([]byte("ident_abcd\nvalue_abcd")).Matches()
	for path, want := range map[string]int{"a.txt": 1, "docs/a.txt": 0} {
		if got := len(e.Keep(matches, path, "")); got != want {
			t.Errorf("%s: %d findings, want %d", path, got, want)
		}
	}
}

// Texts whose matches stand at other distances must not be taken for one another; where in
// the text they stand makes no difference.
func TestKeyTellsDistances(t *testing.T) {
	e := newTestEngine(t, nearRules(rules.Required{WithinLines: new(2)}))
	key := func(text string) string { return string(AppendKey(nil, e.NewScanner().Scan([]byte(text)).Matches())) }
	near := key("ident_abcd\n\nvalue_abcd")
	if near == key("ident_abcd\n\n\nvalue_abcd") {
		t.Error("one key for two distances")
	}
	if near != key(strings.Repeat("\n", 7)+"ident_abcd\n\nvalue_abcd") {
		t.Error("the key depends on where in the text the matches stand")
	}
}
