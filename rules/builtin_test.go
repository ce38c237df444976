package rules_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/straykey/straykey/rules"
)

// TestTable holds the Go data that a scan loads equal to the TOML it is made of.
func TestTable(t *testing.T) {
	fast, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	full, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range full.Rules {
		r.Lines, r.Source.Line, r.Positives, r.Negatives = nil, 0, nil, nil
		if r.Verify != nil {
			r.Verify = r.Verify.WithoutSamples()
		}
		if r.Revoke != nil {
			r.Revoke = r.Revoke.WithoutSamples()
		}
	}
	var stale []string
	for _, r := range full.Rules {
		if !cmp.Equal(r, fast.Rule(r.ID), emptyIsNil, withoutDerived) {
			stale = append(stale, r.ID)
		}
	}
	for _, r := range fast.Rules {
		if full.Rule(r.ID) == nil {
			stale = append(stale, r.ID)
		}
	}
	if len(stale) > 0 || full.Hash != fast.Hash || !cmp.Equal(full.Allowlists, fast.Allowlists, emptyIsNil) {
		t.Errorf("catalog_table.go is not what catalog/*.toml says; run go generate ./rules\ndifferent rules: %v", stale)
	}
}

// withoutDerived passes over what is no part of a rule; package detect tests it.
var withoutDerived = cmpopts.IgnoreFields(rules.Rule{}, "Derived")

// emptyIsNil makes a list without elements equal to none.
var emptyIsNil = cmp.FilterValues(func(a, b []string) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())

func TestBuiltinIsTheCallersOwn(t *testing.T) {
	a, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	a.Rules[0].Severity = "changed"
	b, err := rules.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if b.Rules[0].Severity == "changed" {
		t.Error("a change in one set shows in the next")
	}
}

func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		if _, err := rules.Builtin(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCatalog(b *testing.B) {
	for b.Loop() {
		if _, err := rules.Catalog(rules.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// standards are hosts that say how credentials work in general: no page there tells how one is replaced at its issuer.
var standards = []string{"rfc-editor.org", "ietf.org", "w3.org", "whatwg.org", "wikipedia.org", "owasp.org", "secg.org", "nist.gov"}

// TestLinks holds that a rule leads somewhere, and that what it calls its page on rotation may be one.
func TestLinks(t *testing.T) {
	set, err := rules.Catalog(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Rules {
		if r.Docs == "" && (r.Severity == rules.Critical || r.Severity == rules.High) {
			t.Errorf("%s: %s, and has no docs", r.ID, r.Severity)
		}
		if r.Rotate == "" {
			continue
		}
		u, err := url.Parse(r.Rotate)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
			t.Errorf("%s: rotate %q is no https address: %v", r.ID, r.Rotate, err)
			continue
		}
		if strings.Trim(u.Path, "/") == "" {
			t.Errorf("%s: rotate %q is a whole site", r.ID, r.Rotate)
		}
		for _, host := range standards {
			if u.Host == host || strings.HasSuffix(u.Host, "."+host) {
				t.Errorf("%s: rotate %q is of nobody who issues credentials", r.ID, r.Rotate)
			}
		}
	}
}
