package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/straykey/straykey/rules"
)

// TestDerivedIsFresh holds what the catalogue carries against what would be derived now.
func TestDerivedIsFresh(t *testing.T) {
	carried, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Derive(fresh); err != nil {
		t.Fatal(err)
	}
	for _, r := range fresh.Rules {
		if diff := cmp.Diff(r.Derived, carried.Rule(r.ID).Derived); diff != "" {
			t.Fatalf("catalog_table.go is stale; run go generate ./rules: rule %s: -fresh +carried:\n%s", r.ID, diff)
		}
	}
}

// TestChangedRuleIsDerivedAnew changes a built-in rule, as a user's rule file may.
func TestChangedRuleIsDerivedAnew(t *testing.T) {
	set, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	changed := *set.Rule("github-pat-classic")
	changed.Token = "other" + "_[a-z]{10}"
	changed.Proof = ""
	e := newTestEngine(t, &rules.Set{Rules: []*rules.Rule{&changed}})
	if got := e.NewScanner().Scan([]byte("x other" + "_abcdefghqk y")).Matches(); len(got) != 1 {
		t.Errorf("the changed rule finds %d matches, want 1", len(got))
	}
}
