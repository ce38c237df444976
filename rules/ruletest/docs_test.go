package ruletest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/straykey/straykey/detect/generic"
	"github.com/straykey/straykey/detect/proof"
	"github.com/straykey/straykey/rules"
	"github.com/straykey/straykey/rules/ruletest"
	"github.com/straykey/straykey/rules/sample"
)

func readDocs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocsExample loads, tests and lints the rule file in docs/rules.md.
func TestDocsExample(t *testing.T) {
	_, after, found := strings.Cut(readDocs(t), "<!-- example: acme.toml -->\n```toml\n")
	example, _, closed := strings.Cut(after, "```\n")
	if !found || !closed {
		t.Fatal("no example in docs/rules.md")
	}
	set, err := rules.Parse("acme.toml", []byte(example), rules.Options{Proofs: proof.Names(), Detectors: generic.Names()})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{"acme-deploy-token", "acme-console-secret"}
	report, err := ruletest.Run(set, ruletest.Options{IDs: ids})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Failures {
		t.Error(f)
	}
	remarks, err := ruletest.Lint(set, ruletest.LintOptions{IDs: ids})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range remarks {
		if m.Level != ruletest.LevelNote {
			t.Error(m)
		}
	}
}

// TestDocsAreComplete looks for every function and every word a rule can use.
func TestDocsAreComplete(t *testing.T) {
	docs := readDocs(t)
	has := func(word string) bool {
		return regexp.MustCompile("`" + regexp.QuoteMeta(word) + "[ `]").MatchString(docs)
	}
	for _, f := range sample.Functions() {
		if !has(f) {
			t.Errorf("docs/rules.md does not name the function %s", f)
		}
	}
	for _, w := range rules.Identities() {
		if !has(string(w)) {
			t.Errorf("docs/rules.md does not name the identity %s", w)
		}
	}
	for _, w := range rules.Outcomes() {
		if !has(string(w)) {
			t.Errorf("docs/rules.md does not name the outcome %s", w)
		}
	}
	for _, w := range rules.AllSideEffects() {
		if !has(string(w)) {
			t.Errorf("docs/rules.md does not name the side effects %s", w)
		}
	}
	// The loader itself lists the keys it knows.
	for _, text := range []string{
		"", "[rules.verify]\nurl = 'https://a.example'\n", "[rules.revoke]\nurl = 'https://a.example'\n",
		"[rules.verify.parts.a]\n", "[[rules.verify.answers]]\n", "[rules.verify.tells]\n", "[rules.verify.live]\n",
	} {
		_, err := rules.Parse("x", []byte("[[rules]]\nid = 'a'\ntoken = 'b'\n"+text+"unheard = 1"), rules.Options{})
		_, list, found := strings.Cut(err.Error(), "expected one of: ")
		if !found {
			t.Fatalf("no list of keys in %v", err)
		}
		list, _, _ = strings.Cut(list, "\n")
		for _, key := range strings.Split(list, ", ") {
			if !has(key) && !strings.Contains(docs, "[[rules."+key+"]]") && !strings.Contains(docs, "[rules."+key+"]") {
				t.Errorf("docs/rules.md does not name the key %s", key)
			}
		}
	}
}
