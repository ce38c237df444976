package ruletest

import (
	"slices"
	"strings"
	"testing"

	"github.com/straykey/straykey/rules"
)

// fixedForm are rules whose near misses differ in two respects only: their value is a UUID, a token in a token or encoded as a whole,
// so that there is no other length or no other alphabet in which it would still look like one.
var fixedForm = []string{
	"azure-entra-client-secret-legacy", "elasticsearch-api-key", "encryption-key-generic", "gc-notify-key", "lemonsqueezy-key", "npmrc-auth-basic",
	"onepassword-service-token", "saladcloud-key", "splunk-hec-token", "supabase-service-role-jwt", "vault-approle",
	"webhook-signing-secret-generic", "workato-token", "x509-client-certificate",
}

// TestCatalogSamplesDiffer asks of the built-in rules that their samples show different things: positives three kinds of
// surroundings, near misses three respects in which they miss; two where the rule
// looks at more than a value or for an identifier, or its form is fixed.
func TestCatalogSamplesDiffer(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles every rule in five variants")
	}
	set, _ := catalogEngine(t)
	for _, r := range set.Rules {
		if onPathAlone(r) {
			continue
		}
		names, err := surroundingsOfAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) < minSurroundings {
			t.Errorf("%s: rule %s: positives stand in %q only, want %d kinds of surroundings", r.Source, r.ID, names, minSurroundings)
		}
		kinds, err := kindsOfMisses(r)
		if err != nil {
			t.Fatal(err)
		}
		want := 3
		switch {
		case r.Detector != "":
			continue
		case r.Regex != "" || r.Class == rules.Identifiers || slices.Contains(fixedForm, r.ID):
			want = 2
		}
		if len(kinds) < want {
			t.Errorf("%s: rule %s: negatives miss by %q only, want %d kinds", r.Source, r.ID, kinds, want)
		}
		if len(kinds) > 2 && slices.Contains(fixedForm, r.ID) {
			t.Errorf("%s: rule %s: negatives miss by %q: it need not be excepted", r.Source, r.ID, kinds)
		}
	}
}

func TestSurroundingsOf(t *testing.T) {
	for text, want := range map[string]string{
		"const k = \"v\";":                      "code",
		"k = 'v'":                               "code",
		"k := \"v\"":                            "code",
		"// was v, rotated":                     "code",
		"k: v":                                  "YAML",
		"app:\n  k: v\n":                        "YAML",
		"{\"k\": \"v\"}":                        "JSON",
		"\"k\": \"v\",":                         "JSON",
		"K=v":                                   "environment file",
		"export K='v'":                          "shell",
		"curl -H 'K: v' https://a.example":      "shell",
		"https://a.example/?k=v":                "URL",
		"<k>v</k>":                              "XML",
		"FROM scratch\nENV K=v\n":               "Dockerfile",
		"    steps:\n      - run: a --k=v\n":    "CI configuration",
		"2026-02-03T04:05:06Z WARN refused k=v": "log line",
		"[k]\nk = v":                            "settings",
		"-----BEGIN X-----\nv":                  "key file",
		"some words":                            "text",
	} {
		if got := surroundingsOf(text); got != want {
			t.Errorf("%q stands in %s, want %s", text, got, want)
		}
	}
}

func TestKindOfMiss(t *testing.T) {
	set := parseSet(t, `
[[rules]]
id = "acme"
assigned = 'ak_[0-9a-f]{32}'
keywords = ["acme"]
names = ["key"]
entropy = 3
negatives = ['x']
`)
	variants, err := relax(set.Rules[0])
	if err != nil {
		t.Fatal(err)
	}
	const value = "ak_4f1c9a0e7b2d8356" + "c0d7e19b3a5f8264"
	for text, want := range map[string]missKind{
		"acme_key = " + value + "0":                      missLength,
		"acme_key = " + value[:20]:                       missLength,
		"acme_key = " + value[:20] + "*" + value[21:]:    missAlphabet,
		"acme_key = ak_" + strings.Repeat("4f1c", 8):     missCheck,
		"acme_sum = " + value:                            missName,
		"acme_key = ${ACME_KEY}":                         missPlaceholder,
		"acme_key = ak_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": missPlaceholder,
		"acme_key = pk" + value[2:]:                      missOther,
	} {
		if got := kindOfMiss(variants, text); got != want {
			t.Errorf("%q misses by %s, want %s", text, got, want)
		}
	}
}
