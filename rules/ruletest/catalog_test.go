package ruletest_test

import (
	"testing"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/ruletest"
)

func catalog(t *testing.T) *rules.Set {
	t.Helper()
	set, err := rules.Catalog(rules.Options{Proofs: proof.Names(), Detectors: generic.Names()})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestCatalogSamples asks more of the built-in rules than lint does of others: three texts a rule must
// find and three near misses.
func TestCatalogSamples(t *testing.T) {
	for _, r := range catalog(t).Rules {
		if len(r.Positives) < 3 || len(r.Negatives) < 3 {
			t.Errorf("rule %s has %d positives and %d negatives, want 3 of each", r.ID, len(r.Positives), len(r.Negatives))
		}
	}
}

// TestCatalog runs all samples of the built-in rules, each against all rules.
func TestCatalog(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every sample of every rule")
	}
	report, err := ruletest.Run(catalog(t), ruletest.Options{Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Failures {
		t.Error(f)
	}
	for _, id := range report.Untested {
		t.Errorf("rule %s has no positives", id)
	}
	t.Logf("%d rules, %d positives, %d negatives, %d overlaps", report.Rules, report.Positives, report.Negatives, len(report.Overlaps))
}

func TestCatalogLint(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every sample of every rule")
	}
	remarks, err := ruletest.Lint(catalog(t), ruletest.LintOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range remarks {
		if m.Level == ruletest.LevelNote {
			t.Log(m)
		} else {
			t.Error(m)
		}
	}
}
