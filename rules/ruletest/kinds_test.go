package ruletest_test

import (
	"encoding/csv"
	"os"
	"path"
	"strings"
	"testing"
)

// kind is a line of testdata/kinds.tsv.
type kind struct {
	id     string
	rules  []string
	reason string // why there is no rule
}

func kinds(t *testing.T) []kind {
	t.Helper()
	text, err := os.ReadFile("testdata/kinds.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []kind
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		id, rest, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		if !ok || rest == "" {
			t.Fatalf("kinds.tsv: %q has no rule and no reason", line)
		}
		k := kind{id: id, rules: strings.Fields(rest)}
		if reason, none := strings.CutPrefix(rest, "- "); none {
			k.rules, k.reason = nil, reason
		}
		out = append(out, k)
	}
	return out
}

// TestKinds checks that every kind of credential that is known well enough has its rules, and lists those
// that have none.
func TestKinds(t *testing.T) {
	set := catalog(t)
	without := 0
	for _, k := range kinds(t) {
		if k.reason != "" {
			t.Logf("no rule for %s: %s", k.id, k.reason)
			without++
		}
		for _, want := range k.rules {
			found := false
			for _, r := range set.Rules {
				if ok, _ := path.Match(want, r.ID); ok {
					found = true
				}
			}
			if !found {
				t.Errorf("kind %s: no rule %s", k.id, want)
			}
		}
	}
	t.Logf("%d kinds, %d of them without a rule", len(kinds(t)), without)
}

// TestFacts compares the kinds with a table of facts, whose path is in STRAYKEY_FACTS: tab separated, with
// columns id and confidence. Every row of high or medium confidence must be a kind.
func TestFacts(t *testing.T) {
	file := os.Getenv("STRAYKEY_FACTS")
	if file == "" {
		t.Skip("STRAYKEY_FACTS names no table of facts")
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	known := map[string]bool{}
	for _, k := range kinds(t) {
		known[k.id] = true
	}
	wanted := map[string]bool{}
	for _, row := range rows[1:] {
		if c := row[column["confidence"]]; c == "high" || c == "medium" {
			wanted[row[column["id"]]] = true
		}
	}
	for id := range wanted {
		if !known[id] {
			t.Errorf("%s is in the facts, but not in testdata/kinds.tsv", id)
		}
	}
	for id := range known {
		if !wanted[id] {
			t.Errorf("%s is in testdata/kinds.tsv, but not in the facts", id)
		}
	}
}
